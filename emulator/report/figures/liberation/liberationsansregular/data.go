// Package liberationsansregular provides the face "Liberation Sans Regular".
package liberationsansregular

import _ "embed"

// TTF is the face as a TrueType font.
//
//go:embed LiberationSans-Regular.ttf
var TTF []byte
