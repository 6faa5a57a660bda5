package provider

import (
	"os"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"
)

// Serve runs the provider as a plugin until Terraform has done with it, or with debug until the debugger has.
func Serve(version string, debug bool) error {
	var options []tf6server.ServeOpt
	if debug {
		options = append(options, tf6server.WithManagedDebug())
	} else {
		disableUnrequestedLogs()
	}
	p := New(version, Options{})
	return tf6server.Serve(Address, func() tfprotov6.ProviderServer {
		return awaitActions(releaseContexts(providerserver.NewProtocol6(p())()))
	}, options...)
}

// disableUnrequestedLogs turns off logs that the user did not ask for. Left alone, the plugin libraries
// write dozens of trace lines for each resource, which Terraform parses to throw
// them away: a quarter of what a plan of many resources computes.
func disableUnrequestedLogs() {
	for _, variable := range os.Environ() {
		if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "TF_LOG") && name != "TF_LOG_PATH" && value != "" {
			return
		}
	}
	for _, name := range []string{"TF_LOG_SDK", "TF_LOG_PROVIDER_ASM"} {
		_ = os.Setenv(name, "OFF") // fails on names that no system allows
	}
}
