package sim

import (
	"bufio"
	"fmt"
	"os"
	"strconv"

	"github.com/managed-mesh/terraform-provider-asm/internal/sim/api"
	"github.com/managed-mesh/terraform-provider-asm/internal/sim/world"
)

// maxContexts bounds the kubeconfig: kubectl takes seconds to read one of
// ten thousand clusters. Others are reached by the same kinds of URL.
const maxContexts = 1000

// writeKubeconfig writes the file that KUBECONFIG names: for each membership a context as gcloud names it, by Connect
// Gateway, and for each cluster one by its own endpoint, gke_PROJECT_LOCATION_NAME. Both are real names, reached through
// the proxy: kubectl sends no token over plain HTTP. The first cluster's endpoint is current, as after "gcloud container
// clusters get-credentials": "kubectl create --raw" drops the path of a server, and with it Connect Gateway's
// membership.
func (s *Server) writeKubeconfig(w *world.World) error {
	type context struct{ name, server string }
	var list []context
	for _, fleet := range w.Projects {
		if fleet.Fleet == nil {
			continue
		}
		for _, m := range fleet.Fleet.Memberships {
			list = append(list, context{api.ContextName(fleet, m), api.GatewayURL("v1", fleet, m)})
		}
	}
	if len(list) > maxContexts {
		list = list[:maxContexts]
	}
	current, n := 0, 0
	for _, p := range w.Projects {
		for _, c := range p.Clusters {
			if c.Endpoint != "" && n < maxContexts {
				if n++; n == 1 {
					current = len(list)
				}
				list = append(list, context{"gke_" + p.ProjectID + "_" + c.Location + "_" + c.Name, "https://" + c.Endpoint})
			}
		}
	}
	f, err := os.OpenFile(s.files.kubeconfig(), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	out := bufio.NewWriter(f)
	fmt.Fprintf(out, "apiVersion: v1\nkind: Config\npreferences: {}\nclusters:\n")
	for _, c := range list {
		fmt.Fprintf(out, "- name: %s\n  cluster:\n    server: %s\n    proxy-url: %s\n    certificate-authority: %s\n", strconv.Quote(c.name),
			c.server, s.URL(), strconv.Quote(s.files.ca()))
	}
	fmt.Fprintf(out, "contexts:\n")
	for _, c := range list {
		fmt.Fprintf(out, "- name: %s\n  context: {cluster: %[1]s, user: admin}\n", strconv.Quote(c.name))
	}
	if len(list) > 0 {
		fmt.Fprintf(out, "current-context: %s\n", strconv.Quote(list[current].name))
	}
	fmt.Fprintf(out, "users:\n- name: admin\n  user:\n    token: %s\n", api.AccessToken(world.AdminEmail))
	err = out.Flush()
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	return nil
}
