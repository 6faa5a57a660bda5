package cli

import (
	"io"
	"os"

	"golang.org/x/term"
)

// terminal tells how to write for a reader: in colour on a terminal, unless
// NO_COLOR is set (no-color.org) or the terminal is dumb, and as wide as it is. Of
// anything else than a terminal it is neither.
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
