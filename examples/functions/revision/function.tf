# asm-managed-rapid: the value of a namespace's label istio.io/rev.
output "revision" {
  value = provider::asm::revision("rapid")
}
