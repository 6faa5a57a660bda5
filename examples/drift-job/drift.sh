#!/bin/sh
# Plan, and report by exit code whether the mesh has what it needs and is healthy.
#
#   drift.sh [FOLDER]
#
#   0  no changes, and every check passes
#   1  error: no verdict
#   2  applying would change something: drift, or configuration that is not applied yet
#   3  no changes, but the mesh is unhealthy or a check fails
#   4  no changes, but something is unknown
#
# It needs terraform (or TERRAFORM=tofu) and changes nothing. plan-report, a
# command of the provider that terraform init has installed, judges the plan;
# ASM=PATH names another binary. Terraform's own exit code would also be 2 for
# what is no drift: a root output whose value has changed, and a data source that
# is nested in a check block.
set -u

terraform=${TERRAFORM:-terraform}
folder=${1:-.}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

# -lock=false: the job reads only, so it needs no write access to the state.
# No pipe into tee: in sh the pipe's exit code would be tee's.
code=0
"$terraform" -chdir="$folder" plan -input=false -lock=false -no-color -out="$scratch/plan" >"$scratch/log" 2>&1 &&
	"$terraform" -chdir="$folder" show -json "$scratch/plan" >"$scratch/plan.json" || code=1
cat "$scratch/log"

if [ "$code" -eq 0 ]; then
	asm=${ASM:-$(find -L "$folder/.terraform/providers" -path '*/managed-mesh/asm/*' -name 'terraform-provider-asm_v*' -type f | sort | tail -n 1)}
	"$asm" plan-report "$scratch/plan.json" --output table --output "markdown=$scratch/summary.md" || code=$?
	echo "drift.sh: exit code $code"
else
	echo "## Mesh: terraform plan failed" >"$scratch/summary.md"
	echo "drift.sh: terraform plan failed (exit code 1)"
fi

if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
	{
		cat "$scratch/summary.md"
		printf '\n<details><summary>terraform plan</summary>\n\n```\n'
		cat "$scratch/log"
		printf '```\n\n</details>\n'
	} >>"$GITHUB_STEP_SUMMARY"
fi
exit "$code"
