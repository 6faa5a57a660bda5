#!/bin/sh
# Plan, and say by exit code whether applying would take away what managed mesh needs.
#
#   guard.sh [FOLDER] [ARGUMENTS OF guard...]
#
#   0  harmless    3  breaks    4  the plan does not say    1  error: no verdict
#
# It needs terraform (or TERRAFORM=tofu) and changes nothing. Where PLAN names a plan in JSON that exists already, it makes
# none. ASM=PATH names the binary of terraform-provider-asm, which otherwise is on PATH or what terraform init has installed.
# Reports are written to OUT (default mesh-guard): comment.md, guard.json, guard.sarif, guard.xml, codequality.json.
set -u

terraform=${TERRAFORM:-terraform}
folder=${1:-.}
[ $# -eq 0 ] || shift
out=${OUT:-mesh-guard}
mkdir -p "$out" || exit 1
rm -f "$out/comment.md" "$out/guard.json" "$out/guard.sarif" "$out/guard.xml" "$out/codequality.json"

if [ -n "${PLAN:-}" ]; then
	plan=$PLAN
else
	scratch=$(mktemp -d) || exit 1
	trap 'rm -rf "$scratch"' EXIT
	trap 'exit 1' HUP INT TERM
	plan=$scratch/plan.json
	# -lock=false: it reads only, so it needs no write access to the state.
	"$terraform" -chdir="$folder" plan -input=false -lock=false -no-color -out="$scratch/plan" || exit 1
	"$terraform" -chdir="$folder" show -json "$scratch/plan" >"$plan" || exit 1
fi

asm=${ASM:-$(command -v terraform-provider-asm || find -L "$folder/.terraform/providers" -path '*/managed-mesh/asm/*' \
	-name 'terraform-provider-asm_v*' -type f | sort | tail -n 1)}
[ -n "$asm" ] || {
	echo "guard.sh: there is no terraform-provider-asm on PATH or in $folder/.terraform; set ASM" >&2
	exit 1
}
code=0
"$asm" guard "$plan" "$@" --output table --output "markdown=$out/comment.md" --output "json=$out/guard.json" \
	--output "sarif=$out/guard.sarif" --output "junit=$out/guard.xml" --output "codequality=$out/codequality.json" || code=$?
if [ "$code" -ne 1 ] && [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
	cat "$out/comment.md" >>"$GITHUB_STEP_SUMMARY"
fi
exit "$code"
