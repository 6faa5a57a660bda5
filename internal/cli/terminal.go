package cli

import (
	"io"
	"os"

	"golang.org/x/term"
)

// terminal reports whether to write colours, and the width in columns. A terminal has colours unless NO_COLOR is set
// (no-color.org) or it is dumb. For anything else the width is 0.
func terminal(w io.Writer) (color bool, width int) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return false, 0
	}
	if columns, _, err := term.GetSize(int(f.Fd())); err == nil {
		width = columns
	}
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb", width
}
