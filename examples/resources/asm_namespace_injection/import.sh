# MEMBERSHIP_OR_CLUSTER/namespaces/NAMESPACE
terraform import asm_namespace_injection.cart projects/prod-fleet/locations/europe-west1/memberships/orders/namespaces/cart
