# MEMBERSHIP_OR_CLUSTER/namespaces/NAMESPACE
terraform import asm_managed_data_plane.ledger projects/prod-fleet/locations/europe-west1/memberships/orders/namespaces/ledger
# MEMBERSHIP_OR_CLUSTER/controlplanerevisions/REVISION
terraform import asm_managed_data_plane.all projects/prod-fleet/locations/europe-west1/memberships/orders/controlplanerevisions/asm-managed
