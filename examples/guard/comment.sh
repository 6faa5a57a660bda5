#!/bin/sh
# Write a comment on a pull request, or update the one that an earlier run wrote.
#
#   comment.sh REPOSITORY NUMBER FILE
#
# It needs gh with GH_TOKEN, and the permission pull-requests: write.
set -eu

repository=$1 number=$2 file=$3
marker='<!-- mesh-guard -->'
body=$(mktemp)
trap 'rm -f "$body"' EXIT
{
	echo "$marker"
	cat "$file"
} >"$body"

# Only a comment of a bot: anybody may write the marker.
known=$(gh api --paginate "repos/$repository/issues/$number/comments" \
	--jq ".[] | select(.user.type == \"Bot\" and (.body | startswith(\"$marker\"))) | .id" | head -n 1)
if [ -n "$known" ]; then
	gh api --silent --method PATCH "repos/$repository/issues/comments/$known" --field "body=@$body"
else
	gh api --silent --method POST "repos/$repository/issues/$number/comments" --field "body=@$body"
fi
