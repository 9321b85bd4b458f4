//go:build nodeprogram

package program

import _ "embed"

// builtIn is cmd/testbed-node, built for this system and compressed with gzip: see the Makefile.
//
//go:embed testbed-node.gz
var builtIn []byte
