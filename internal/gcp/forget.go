package gcp

// Forget makes every later read ask anew: time has gone by in which others may
// have changed what was read. It does not forget what projects are called, nor what
// the audit log says, which lags behind by as much as it is kept and of which
// Google lets a project read 60 times a minute.
func (c *Client) Forget() {
	c.policies.clear()
	c.states.clear()
	c.clusters.clear()
	c.features.clear()
	c.members.clear()
	c.endpointOf.clear()
}
