package store_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

func client(t testing.TB, place Place) *kubernetes.Clientset {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", place.Kubeconfig)
	must(t, err)
	c, err := kubernetes.NewForConfig(config)
	must(t, err)
	return c
}

// everything that is kept in a place, as text.
func everything(t testing.TB, place Place) string {
	t.Helper()
	var b bytes.Buffer
	if place.Dir != "" {
		must(t, filepath.WalkDir(place.Dir, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			b.WriteString(path + "\n" + string(text))
			return err
		}))
		return b.String()
	}
	c := client(t, place)
	maps, err := c.CoreV1().ConfigMaps(place.Namespace).List(t.Context(), metav1.ListOptions{})
	must(t, err)
	// By name: a list of leases hung for minutes once, in the API server's cache of them.
	leases, err := c.CoordinationV1().Leases(place.Namespace).Get(t.Context(),
		fmt.Sprintf("asm-lock-%x", sha256.Sum256([]byte(target)))[:len("asm-lock-")+32], metav1.GetOptions{})
	must(t, err)
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	must(t, e.Encode(maps))
	must(t, e.Encode(leases))
	return b.String()
}

// spoil alters the second entry of a run.
func spoil(t testing.TB, place Place, run string) {
	t.Helper()
	if place.Dir != "" {
		path := filepath.Join(place.Dir, run+".jsonl")
		text, err := os.ReadFile(path)
		must(t, err)
		must(t, os.WriteFile(path, bytes.Replace(text, []byte("to spoil"), []byte("that is "), 1), 0o600))
		return
	}
	maps := client(t, place).CoreV1().ConfigMaps(place.Namespace)
	chunk, err := maps.Get(t.Context(), "asm-run-"+run+"-0000", metav1.GetOptions{})
	must(t, err)
	chunk.Data["000000002"] = strings.Replace(chunk.Data["000000002"], "to spoil", "that is ", 1)
	_, err = maps.Update(t.Context(), chunk, metav1.UpdateOptions{})
	must(t, err)
}
