# projects/PROJECT/locations/LOCATION/memberships/MEMBERSHIP
terraform import asm_mesh_management.orders projects/prod-fleet/locations/europe-west1/memberships/orders
