package guard

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	kyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// Manifests are the objects of a folder or a stream, by their address.
type Manifests struct {
	objects map[string]map[string]any
	order   []string
}

// ReadManifests reads every YAML and JSON file below a folder.
func ReadManifests(folder string) (*Manifests, error) {
	m := &Manifests{objects: map[string]map[string]any{}}
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir():
			if path != folder && strings.HasPrefix(e.Name(), ".") {
				return filepath.SkipDir
			}
			return nil
		case slices.Contains([]string{"kustomization.yaml", "kustomization.yml", "Kustomization"}, e.Name()):
			return fmt.Errorf("%s: its files are not what will be applied; run: kustomize build %s | terraform-provider-asm guard --manifests -",
				path, filepath.Dir(path))
		case e.Name() == "Chart.yaml":
			return fmt.Errorf("%s: a chart is not what will be applied; run: helm template %s | terraform-provider-asm guard --manifests -",
				path, filepath.Dir(path))
		case !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(path)):
			return nil
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := m.read(bytes.NewReader(raw)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// ReadManifestStream reads the documents of one stream, as kustomize build and helm template write it.
func ReadManifestStream(from io.Reader) (*Manifests, error) {
	m := &Manifests{objects: map[string]map[string]any{}}
	if err := m.read(from); err != nil {
		return nil, err
	}
	if len(m.order) == 0 {
		return nil, errors.New("it has no Kubernetes object: the command before it failed, or wrote elsewhere")
	}
	return m, nil
}

func (m *Manifests) read(from io.Reader) error {
	raw, err := io.ReadAll(from)
	if err != nil {
		return err
	}
	documents := kyaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(raw)))
	defer documents.Close()
	buffer := make([]byte, len(raw)+1)
	for {
		n, err := documents.Read(buffer)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var document any
		text, err := yaml.YAMLToJSONStrict(buffer[:n])
		if err != nil {
			return fmt.Errorf("it is not YAML (a template must be rendered first): %w", err)
		}
		if err := json.Unmarshal(text, &document); err != nil {
			return err
		}
		if err := m.add(document); err != nil {
			return err
		}
	}
}

// add adds an object, or those of a list. What is no object of Kubernetes is left out.
func (m *Manifests) add(document any) error {
	object, is := document.(map[string]any)
	v := value{raw: document}
	kind := v.get("kind").text()
	if !is || kind == "" || v.get("apiVersion").text() == "" {
		return nil
	}
	if list, is := object["items"].([]any); is && strings.HasSuffix(kind, "List") {
		for _, item := range list {
			if err := m.add(item); err != nil {
				return err
			}
		}
		return nil
	}
	address := addressOf(v)
	if _, twice := m.objects[address]; twice {
		return fmt.Errorf("%s is there twice", address)
	}
	m.objects[address] = object
	m.order = append(m.order, address)
	return nil
}

// addressOf reads Namespace/shop, or IAMPolicy/config-control/shop-prod.
func addressOf(v value) string {
	parts := []string{v.get("kind").text()}
	if ns := v.at("metadata", "namespace").text(); ns != "" {
		parts = append(parts, ns)
	}
	name := v.at("metadata", "name").text()
	if name == "" {
		name = v.at("metadata", "generateName").text()
	}
	return strings.Join(append(parts, name), "/")
}

// unpruned are annotations with which nothing deletes an object that its source leaves out.
var unpruned = map[string]string{
	"argocd.argoproj.io/sync-options":            "Prune=false",
	"kustomize.toolkit.fluxcd.io/prune":          "disabled",
	"client.lifecycle.config.k8s.io/deletion":    "detach",
	"helm.sh/resource-policy":                    "keep",
	"configmanagement.gke.io/lifecycle-deletion": "detach",
}

func staysWithoutSource(v value) bool {
	notes := v.at("metadata", "annotations").labels()
	for key, want := range unpruned {
		if slices.Contains(strings.Split(strings.ReplaceAll(notes[key], " ", ""), ","), want) {
			return true
		}
	}
	return false
}

// AddManifests judges what will be applied against what was before; without it, everything may be new. An object that is
// only in before is taken for deleted, as tools that prune do.
func (g *Guard) AddManifests(name string, after, before *Manifests) {
	d := &planFile{resources: len(after.order)}
	add := func(address string, was, now map[string]any) {
		c := &change{index: len(d.changes), address: address, kind: "manifest"}
		c.object, _, _ = strings.Cut(address, "/")
		switch {
		case was == nil:
			c.actions, c.after.raw = []string{"create"}, now
		case now == nil:
			c.actions, c.before.raw = []string{"delete"}, was
		case reflect.DeepEqual(was, now):
			c.actions, c.before.raw, c.after.raw = []string{"no-op"}, was, now
		default:
			c.actions, c.before.raw, c.after.raw = []string{"update"}, was, now
		}
		connect(c)
		if _, known := rows[c.kind]; known {
			d.changes = append(d.changes, c)
		}
	}
	for _, address := range after.order {
		var was map[string]any
		if before != nil {
			was = before.objects[address]
		}
		add(address, was, after.objects[address])
	}
	if before != nil {
		for _, address := range before.order {
			if _, still := after.objects[address]; !still && !staysWithoutSource(value{raw: before.objects[address]}) {
				d.resources++
				add(address, before.objects[address], nil)
			}
		}
	}
	g.judge(name, d)
}

// plainObject judges a Kubernetes object that is none of Config Connector's.
func plainObject(j *judge, c *change, s step) {
	name := c.after.at("metadata", "name")
	if s == creates && c.object == "ControlPlaneRevision" && !fits(name.text(), c.after.get("spec")) {
		j.add(effect{
			need: need{revision, "", name.text()}, act: unclear, code: catalogue.RevisionMismatch, subject: name.text(),
			reason: "The ControlPlaneRevision " + name.text() + " has a channel or type that does not belong to its name; whether one that works " +
				"is " +
				"there already is not in the manifests.",
			instead: "Give the revision the channel of its name (asm-managed: regular, asm-managed-rapid: rapid, asm-managed-stable: stable) and " +
				"the " +
				"type managed_service.",
		})
		return
	}
	j.object(c.before, c.after, s)
}
