package world

import "strings"

// MemberCluster is the cluster behind a membership: by its link, or where it
// has none by the issuer of its identities, which names the cluster too.
func (w *World) MemberCluster(m *Membership) (*Project, *Cluster) {
	link := m.ClusterLink()
	if link == "" && m.Authority != nil {
		link = m.Authority.Issuer
	}
	return w.ClusterByLink(link)
}

// A clusterRef is a cluster and the project that it is in.
type clusterRef struct {
	project *Project
	cluster *Cluster
}

// ClusterByEndpoint finds a cluster by its public address or its DNS name, or by PROJECT/LOCATION/NAME.
func (w *World) ClusterByEndpoint(host string) (*Project, *Cluster) {
	host = strings.ToLower(host)
	if part := strings.Split(host, "/"); len(part) == 3 {
		if p := w.Project(part[0]); p != nil {
			return p, p.Cluster(part[1], part[2])
		}
		return nil, nil
	}
	found, ok := w.endpoints[host]
	if ok && found.project.Cluster(found.cluster.Location, found.cluster.Name) == found.cluster {
		return found.project, found.cluster
	}
	w.endpoints = map[string]clusterRef{}
	for _, p := range w.Projects {
		for _, c := range p.Clusters {
			for _, name := range c.endpointNames() {
				w.endpoints[name] = clusterRef{p, c}
			}
		}
	}
	found = w.endpoints[host]
	return found.project, found.cluster
}

// endpointNames are what a cluster can be called by from outside.
func (c *Cluster) endpointNames() []string {
	var out []string
	if c.Endpoint != "" {
		out = append(out, c.Endpoint)
	}
	if e := c.ControlPlaneEndpointsConfig; e != nil && e.DNSEndpointConfig != nil && e.DNSEndpointConfig.Endpoint != "" {
		out = append(out, strings.ToLower(e.DNSEndpointConfig.Endpoint))
	}
	return out
}
