#!/bin/sh
# Plan, and say by exit code whether the mesh has what it needs.
#
#   drift.sh [FOLDER]
#
#   0  in sync, and every check passes
#   1  error: nothing can be said
#   2  drift: apply would change something
#   3  in sync, but a check fails: the mesh is not healthy
#   4  in sync, but a check has no result
#
# It needs terraform (or TERRAFORM=tofu) and jq, and changes nothing. It reads
# the plan's JSON and not only its exit code, because that is 2 also for what is
# no drift: a root output whose value has changed, and a data source that is
# nested in a check block.
set -u

terraform=${TERRAFORM:-terraform}
folder=${1:-.}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

# -lock=false: the job reads only, so it needs no write access to the state.
# No pipe into tee: in sh the pipe's exit code would be tee's.
code=0
"$terraform" -chdir="$folder" plan -input=false -lock=false -no-color \
	-detailed-exitcode -out="$scratch/plan" >"$scratch/log" 2>&1 || code=$?
cat "$scratch/log"

if [ "$code" -eq 0 ] || [ "$code" -eq 2 ]; then
	"$terraform" -chdir="$folder" show -json "$scratch/plan" >"$scratch/plan.json" &&
		jq -r '
			def changes: [.resource_changes[]?
				| select((.change.actions - ["no-op", "read"]) != [] or .change.importing != null or .previous_address != null)];
			def checks($status): [.checks[]? | select(.status == $status)];
			[ (changes + [.action_invocations[]?] | length),
			  (checks("fail") + checks("error") | length),
			  (checks("unknown") | length),
			  ([.output_changes[]? | select(.actions != ["no-op"])] | length) ] | @tsv
		' "$scratch/plan.json" >"$scratch/counts" || {
		echo "drift.sh: the plan cannot be read back as JSON" >&2
		code=1
	}
else
	code=1
fi

if [ "$code" -eq 1 ]; then
	verdict="error: terraform plan failed"
else
	planned=$code
	read -r changes failed unknown outputs <"$scratch/counts"
	if [ "$changes" -gt 0 ]; then
		code=2 verdict="drift: $changes change(s) planned"
	elif [ "$failed" -gt 0 ]; then
		code=3 verdict="in sync, but $failed check(s) failed"
	elif [ "$unknown" -gt 0 ]; then
		code=4 verdict="in sync, but $unknown check(s) have no result"
	else
		code=0 verdict="in sync"
	fi
	if [ "$outputs" -gt 0 ]; then
		verdict="$verdict; $outputs output(s) will change"
	fi
	if [ "$planned" -eq 0 ] && [ "$code" -eq 2 ]; then
		echo "drift.sh: terraform exited 0 although the plan has changes: is it a wrapper?" >&2
	fi
fi

echo "drift.sh: $verdict (exit code $code)"
if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
	{
		echo "## Mesh prerequisites: $verdict"
		echo '```'
		cat "$scratch/log"
		echo '```'
	} >>"$GITHUB_STEP_SUMMARY"
fi
exit "$code"
