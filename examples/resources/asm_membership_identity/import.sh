# projects/PROJECT/locations/LOCATION/memberships/MEMBERSHIP
terraform import asm_membership_identity.orders projects/prod-fleet/locations/europe-west1/memberships/orders
