# PROJECT, where it is the fleet's own or the provider names the fleet; else PROJECT/FLEET_PROJECT, with
# /gkehub for the GKE Hub service agent.
terraform import asm_service_agent_binding.fleet prod-fleet
terraform import asm_service_agent_binding.clusters prod-clusters/prod-fleet
terraform import asm_service_agent_binding.hub prod-clusters/prod-fleet/gkehub
