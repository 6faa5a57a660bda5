package shards_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/managed-mesh/terraform-provider-asm/internal/kubetest"
)

// cluster is a real control plane whose pods are processes of this machine.
type cluster struct {
	t      *testing.T
	server *kubetest.Server
	client *kubernetes.Clientset
	binary string
	env    []string // of every process, beside that of its pod

	mu   sync.Mutex
	pods map[string]*pod
	busy sync.WaitGroup
}

// pod is a pod that was started as a process.
type pod struct {
	name, index string
	failures    string // of its index before it, as Kubernetes counts them
	args        []string
	cmd         *exec.Cmd
	out, errs   bytes.Buffer
	evicted     bool
	exit        int
	ended       bool
}

func newCluster(t *testing.T, binary string, env []string) *cluster {
	t.Helper()
	server := kubetest.Start(t)
	client, err := kubernetes.NewForConfig(server.Config())
	if err != nil {
		t.Fatal(err)
	}
	return &cluster{t: t, server: server, client: client, binary: binary, env: env, pods: map[string]*pod{}}
}

// kubelet starts every pod of the namespace as a process, and tells the API server
// how it ended, until the test is over.
func (c *cluster) kubelet(namespace string) {
	ctx, cancel := context.WithCancel(c.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			list, err := c.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
			if err != nil && ctx.Err() == nil {
				c.t.Error(err)
				return
			}
			for i := range list.Items {
				c.see(ctx, &list.Items[i])
			}
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	c.t.Cleanup(func() {
		cancel()
		<-done
		c.mu.Lock()
		for _, p := range c.pods {
			if !p.ended && p.cmd != nil && p.cmd.Process != nil {
				_ = p.cmd.Process.Kill()
			}
		}
		c.mu.Unlock()
		c.busy.Wait()
	})
}

// see starts a pod that is new.
func (c *cluster) see(ctx context.Context, object *corev1.Pod) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pods[object.Name] != nil {
		return
	}
	p := &pod{
		name: object.Name, index: object.Annotations[batchv1.JobCompletionIndexAnnotation],
		failures: object.Annotations[batchv1.JobIndexFailureCountAnnotation],
	}
	c.pods[object.Name] = p
	if err := c.start(ctx, object, p); err != nil {
		c.t.Errorf("pod %s: %v", object.Name, err)
		return
	}
	c.busy.Go(func() { c.wait(object, p) })
}

func (c *cluster) start(ctx context.Context, object *corev1.Pod, p *pod) error {
	container := object.Spec.Containers[0]
	env := environment(object, container.Env)
	for _, arg := range container.Args {
		p.args = append(p.args, expand(arg, env))
	}
	kubeconfig, err := c.kubeconfig(ctx, object)
	if err != nil {
		return err
	}
	p.cmd = exec.Command(c.binary, p.args...)
	p.cmd.Env = append(append([]string{}, c.env...), "KUBECONFIG="+kubeconfig)
	for name, value := range env {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.errs
	return p.cmd.Start()
}

// environment is that of a container, as a kubelet makes it.
func environment(object *corev1.Pod, vars []corev1.EnvVar) map[string]string {
	env := map[string]string{}
	for _, v := range vars {
		env[v.Name] = expand(v.Value, env)
		if v.ValueFrom != nil && v.ValueFrom.FieldRef != nil {
			env[v.Name] = field(object, v.ValueFrom.FieldRef.FieldPath)
		}
	}
	return env
}

var subscript = regexp.MustCompile(`^metadata\.(labels|annotations)\['(.+)'\]$`)

func field(object *corev1.Pod, path string) string {
	if m := subscript.FindStringSubmatch(path); m != nil {
		return map[string]map[string]string{"labels": object.Labels, "annotations": object.Annotations}[m[1]][m[2]]
	}
	return map[string]string{"metadata.name": object.Name, "metadata.namespace": object.Namespace}[path]
}

var reference = regexp.MustCompile(`\$\(([A-Za-z0-9_]+)\)`)

// expand replaces $(NAME), and leaves what is not known as it is.
func expand(text string, env map[string]string) string {
	return reference.ReplaceAllStringFunc(text, func(found string) string {
		if value, known := env[found[2:len(found)-1]]; known {
			return value
		}
		return found
	})
}

// kubeconfig is for the pod's service account, with a token that the API server issued for it.
func (c *cluster) kubeconfig(ctx context.Context, object *corev1.Pod) (string, error) {
	token, err := c.client.CoreV1().ServiceAccounts(object.Namespace).CreateToken(ctx, object.Spec.ServiceAccountName,
		&authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	config, file := c.server.Config(), clientcmdapi.NewConfig()
	file.Clusters["c"] = &clientcmdapi.Cluster{Server: config.Host, CertificateAuthorityData: config.CAData}
	file.AuthInfos["c"] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
	file.Contexts["c"] = &clientcmdapi.Context{Cluster: "c", AuthInfo: "c"}
	file.CurrentContext = "c"
	path := filepath.Join(c.t.TempDir(), "kubeconfig")
	return path, clientcmd.WriteToFile(*file, path)
}

// wait tells the API server how the process of a pod ended.
func (c *cluster) wait(object *corev1.Pod, p *pod) {
	err := p.cmd.Wait()
	code := p.cmd.ProcessState.ExitCode()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled() {
		code = 128 + int(exit.Sys().(syscall.WaitStatus).Signal()) // as container runtimes say it
	}
	c.mu.Lock()
	p.exit, p.ended = code, true
	evicted := p.evicted
	c.mu.Unlock()
	now := metav1.Now()
	status := corev1.PodStatus{Phase: corev1.PodSucceeded, ContainerStatuses: []corev1.ContainerStatus{{
		Name: object.Spec.Containers[0].Name, Image: object.Spec.Containers[0].Image,
		State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: int32(code), FinishedAt: now, StartedAt: now}},
	}}}
	if code != 0 {
		status.Phase = corev1.PodFailed
	}
	if evicted {
		status.Conditions = []corev1.PodCondition{{Type: corev1.DisruptionTarget, Status: corev1.ConditionTrue, Reason: "EvictionByEvictionAPI",
			LastTransitionTime: now}}
	}
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		c.t.Error(err)
		return
	}
	_, err = c.client.CoreV1().Pods(object.Namespace).Patch(context.Background(), object.Name, types.StrategicMergePatchType, patch,
		metav1.PatchOptions{}, "status")
	if err != nil && c.t.Context().Err() == nil {
		c.t.Errorf("pod %s: %v", object.Name, err)
	}
}

// signal sends a signal to the process of a pod; SIGTERM is an eviction.
func (c *cluster) signal(name string, s syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.pods[name]
	if p == nil || p.ended {
		c.t.Errorf("pod %q does not run", name)
		return
	}
	p.evicted = s == syscall.SIGTERM
	_ = p.cmd.Process.Signal(s)
}

// of are the pods of an index, or all with what they are made of, for a failing test.
func (c *cluster) said() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var b strings.Builder
	for _, p := range c.pods {
		fmt.Fprintf(&b, "pod %s (index %s, after %s failures): exit code %d, ended %v\n%s\n%s\n", p.name, p.index, p.failures, p.exit, p.ended,
			p.out.String(), p.errs.String())
	}
	return b.String()
}

// finish waits until a Job has come to an end, and returns it.
func (c *cluster) finish(namespace, name string) *batchv1.Job {
	c.t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for {
		job, err := c.client.BatchV1().Jobs(namespace).Get(c.t.Context(), name, metav1.GetOptions{})
		if err != nil {
			c.t.Fatal(err)
		}
		for _, condition := range job.Status.Conditions {
			if condition.Status == corev1.ConditionTrue && (condition.Type == batchv1.JobComplete || condition.Type == batchv1.JobFailed) {
				return job
			}
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("Job %s does not end: %+v\n%s", name, job.Status, c.said())
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func environ() (kept []string) {
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if name == "PATH" || name == "HOME" || name == "TMPDIR" {
			kept = append(kept, v)
		}
	}
	return kept
}
