package kubetest

// PIDs are the processes of the server.
func PIDs(s *Server) []int {
	var pids []int
	for _, p := range s.processes {
		pids = append(pids, p.cmd.Process.Pid)
	}
	return pids
}
