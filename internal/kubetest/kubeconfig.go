package kubetest

import (
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Config reaches the API server as Admin.
func (s *Server) Config() *rest.Config { return s.ConfigOf(Admin) }

// ConfigOf reaches the API server as the user of that email address, who may do what RBAC says.
func (s *Server) ConfigOf(email string) *rest.Config {
	return &rest.Config{
		Host:            s.host,
		BearerToken:     Token(email),
		TLSClientConfig: rest.TLSClientConfig{CAData: append([]byte(nil), s.keys.certPEM...)},
		QPS:             -1, // what a client limits is its own business, not that of who makes the configuration
	}
}

// Kubeconfig writes a kubeconfig file with which kubectl is Admin. Its context is named "kubetest".
func (s *Server) Kubeconfig(path string) error { return writeKubeconfig(path, s.Config()) }

// KubeconfigOf does the same for the user of that email address.
func (s *Server) KubeconfigOf(path, email string) error {
	return writeKubeconfig(path, s.ConfigOf(email))
}

func writeKubeconfig(path string, config *rest.Config) error {
	const name = "kubetest"
	file := clientcmdapi.NewConfig()
	file.Clusters[name] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	file.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: config.BearerToken}
	file.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	file.CurrentContext = name
	return clientcmd.WriteToFile(*file, path)
}
