package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/managed-mesh/terraform-provider-asm/internal/mesh/catalogue"
)

// The graph is drawn in user units of SVG.
const (
	graphNodes  = 24 // on a side
	graphWidth  = 1000
	nodeWidth   = 380
	nodeHeight  = 46
	nodeGap     = 12
	graphMargin = 6
)

// graph shows causes on the left and their consequences on the right.
type graph struct {
	Width, Height int
	Left, Right   []graphNode
	Edges         []graphEdge
	More          string // how many links were left out
	Words         string // for a reader who does not see the graph
}

type graphNode struct {
	X, Y, Width, Height int
	Severity            string
	Code, Line, Title   string
	Query               string
}

type graphEdge struct {
	Path, Title string
	Stroke      float64
}

type link struct{ from, to, n int }

// newGraph returns nil when no cause has a consequence.
func newGraph(causes []cause) *graph {
	var left []cause
	var right []consequence
	at := map[likeness]int{}
	var links []link
	leftOut := 0
	for _, c := range causes {
		if c.explains() == 0 {
			continue
		}
		if len(left) == graphNodes {
			leftOut++
			continue
		}
		from := len(left)
		left = append(left, c)
		for _, b := range c.blocks {
			to, known := at[b.likeness]
			if !known {
				if len(right) == graphNodes {
					leftOut++
					continue
				}
				to = len(right)
				at[b.likeness] = to
				right = append(right, consequence{likeness: b.likeness})
			}
			right[to].findings = append(right[to].findings, b.findings...)
			links = append(links, link{from, to, len(b.findings)})
		}
	}
	if len(links) == 0 {
		return nil
	}
	rows := max(len(left), len(right))
	g := &graph{Width: graphWidth, Height: rows*(nodeHeight+nodeGap) - nodeGap + 2*graphMargin}
	place := rightPlaces(links, len(right))
	for i, c := range left {
		g.Left = append(g.Left, leftNode(c, i, rowOf(i, len(left), rows)))
	}
	g.Right = make([]graphNode, len(right))
	for i, c := range right {
		g.Right[place[i]] = rightNode(c, rowOf(place[i], len(right), rows))
	}
	for _, l := range links {
		g.Edges = append(g.Edges, edge(g.Left[l.from], g.Right[place[l.to]], l.n))
	}
	if leftOut > 0 {
		g.More = Plural(leftOut, "more link") + " not drawn."
	}
	g.Words = fmt.Sprintf("%s on the left, %s of consequences on the right. The cards of the root causes list the same.",
		Plural(len(left), "cause"), Plural(len(right), "kind"))
	return g
}

// rightPlaces orders the right side by the mean of the left places that lead there,
// so that few lines cross. Equal ones keep their order.
func rightPlaces(links []link, n int) []int {
	sum, count := make([]float64, n), make([]float64, n)
	for _, l := range links {
		sum[l.to] += float64(l.from)
		count[l.to]++
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sum[a]/count[a], sum[b]/count[b]) })
	place := make([]int, n)
	for at, i := range order {
		place[i] = at
	}
	return place
}

// rowOf centres the shorter side.
func rowOf(i, n, rows int) int {
	return graphMargin + i*(nodeHeight+nodeGap) + (rows-n)*(nodeHeight+nodeGap)/2
}

func newNode(x, y int, severity catalogue.Severity, name string) graphNode {
	return graphNode{
		X: x, Y: y, Width: nodeWidth, Height: nodeHeight, Severity: severityClass(severity), Query: query(name), Code: middle(name, 44),
	}
}

func leftNode(c cause, i, y int) graphNode {
	f := c.first()
	n := newNode(graphMargin, y, f.Severity, c.name())
	n.Line = Clean(f.Subject)
	if c.many() {
		n.Line = Plural(len(c.roots), "subject")
	}
	n.Title = fmt.Sprintf("Root cause %d: %s, %s; explains %s", i+1, c.name(), n.Line, Plural(c.explains(), "finding"))
	n.Line = middle(n.Line, 54)
	return n
}

func rightNode(c consequence, y int) graphNode {
	n := newNode(graphWidth-graphMargin-nodeWidth, y, c.severity, c.name())
	n.Line = Plural(len(shortNames(c.findings)), "subject")
	n.Title = fmt.Sprintf("Consequence: %s, %s", c.name(), n.Line)
	if len(c.findings) == 1 {
		n.Line = middle(Clean(c.findings[0].Subject), 54)
	}
	return n
}

// middle cuts a name in its middle: names differ at both ends.
func middle(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	half := (most - 1) / 2
	return string(r[:half]) + "…" + string(r[len(r)-half:])
}

func edge(from, to graphNode, n int) graphEdge {
	x1, y1 := from.X+from.Width, from.Y+from.Height/2
	x2, y2 := to.X, to.Y+to.Height/2
	bend := (x2 - x1) / 2
	return graphEdge{
		Path:   fmt.Sprintf("M%d %dC%d %d %d %d %d %d", x1, y1, x1+bend, y1, x2-bend, y2, x2, y2),
		Title:  from.Code + " explains " + Plural(n, "finding") + " " + to.Code,
		Stroke: math.Round(10*(1.5+1.5*math.Log10(float64(n)))) / 10,
	}
}
