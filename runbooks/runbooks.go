// Package runbooks holds the runbooks that this program brings along, one file for each problem.
package runbooks

import (
	"embed"
	"io/fs"
)

//go:embed *.hcl
var files embed.FS

// Files are the runbooks, as NAME.hcl.
func Files() fs.FS { return files }
