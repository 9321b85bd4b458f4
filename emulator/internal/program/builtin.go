//go:build nodeprogram

package program

import _ "embed"

// builtIn is cmd/testbed-node, built for this system and compressed by scripts/pack: see the Makefile.
//
//go:embed testbed-node.zst
var builtIn []byte
