# service-123456789012@gcp-sa-servicemesh.iam.gserviceaccount.com
output "service_agent" {
  value = provider::asm::service_agent("123456789012")
}
