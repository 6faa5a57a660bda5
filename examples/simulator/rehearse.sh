#!/bin/sh
# The main job, rehearsed: take prerequisites away, see it in the plan, put them
# back. Everything happens on this machine; nothing of yours is read or changed.
#
#   terraform init && ./rehearse.sh
#
# It needs terraform (or TERRAFORM=tofu) and curl.
set -eu
cd "$(dirname "$0")"
terraform=${TERRAFORM:-terraform}

# The provider's own binary is the simulator; terraform init has brought it.
provider=$(find -L .terraform/providers -type f -name 'terraform-provider-asm*' 2>/dev/null | head -n 1)
[ -n "$provider" ] || {
	echo "rehearse.sh: run '$terraform init' in $PWD first" >&2
	exit 1
}

scratch=$(mktemp -d)
"$provider" simulate --env-file "$scratch/sim.env" >"$scratch/ready" &
simulator=$!
trap 'kill $simulator; wait $simulator; rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
until [ -s "$scratch/ready" ]; do
	kill -0 $simulator # ends the script when the simulator did not start
	sleep 0.1
done
cat "$scratch/ready"
. "$scratch/sim.env"

say() { printf '\n=== %s\n' "$1"; }

# The configuration is copied, so that the state goes with the simulator.
cp main.tf .terraform.lock.hcl "$scratch"
export TF_DATA_DIR="$PWD/.terraform" TF_INPUT=0
cd "$scratch"

plan() {
	want=$1 code=0
	"$terraform" plan -detailed-exitcode || code=$?
	echo "terraform plan exits $code."
	[ "$code" -eq "$want" ]
}

say "A healthy world: the first apply changes nothing in it, the plan after it is empty."
"$terraform" apply -auto-approve
plan 0

say "A CI job disables an API, through the API itself."
curl -fsS -X POST "$ASM_SIM_URL/serviceusage.googleapis.com/v1/projects/$GOOGLE_PROJECT/services/connectgateway.googleapis.com:disable" \
	-H "Authorization: Bearer sim-token.ci@mesh-sim-1.iam.gserviceaccount.com" \
	-H "Content-Type: application/json" -H "User-Agent: reconfigure/1.0" -d '{}'

say "Faults take the role from the service agent, and the cluster's workload pool."
curl -fsS -X PUT "$ASM_SIM_URL/_sim/faults/binding-revoked"
curl -fsS -X PUT "$ASM_SIM_URL/_sim/faults/workload-pool-missing"

say "The mesh notices a few minutes later. Nobody waits for that here."
curl -fsS -X POST "$ASM_SIM_URL/_sim/clock?advance=15m"

say "The plan says what is gone and who took it."
plan 2

say "Apply puts it back."
"$terraform" apply -auto-approve

say "Some minutes later the mesh has recovered, and the plan is empty."
curl -fsS -X POST "$ASM_SIM_URL/_sim/clock?advance=15m"
plan 0
