package gcp

// Forget drops what was read, because others may have changed it since. It keeps the names of projects, and the audit
// log, which lags by as much as it is kept and which Google lets a project read 60 times a minute.
func (c *Client) Forget() {
	c.policies.clear()
	c.states.clear()
	c.clusters.clear()
	c.features.clear()
	c.members.clear()
	c.endpointOf.clear()
}
