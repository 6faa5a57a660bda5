package kubetest

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Node is the name of the only node. DaemonSets make a pod for it; no pod is bound to it.
const Node = "node-1"

// addNode makes the node and says that it is ready, as its kubelet would.
func (s *Server) addNode(ctx context.Context) error {
	nodes := s.client.CoreV1().Nodes()
	_, err := nodes.Create(ctx, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: Node, Labels: map[string]string{"kubernetes.io/hostname": Node, "kubernetes.io/os": "linux"}},
		Status: corev1.NodeStatus{
			Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady"}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	// Every new node is tainted as not ready; the controller that takes the taint away does not run here.
	_, err = nodes.Patch(ctx, Node, types.MergePatchType, []byte(`{"spec":{"taints":null}}`), metav1.PatchOptions{})
	return err
}
