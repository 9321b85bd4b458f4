package html

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// The library is the file that assets/README.md describes, and cannot end its own element.
func TestLibrary(t *testing.T) {
	const want = "ca8f64aa4db4598e7e8fe8fd9dc8bd25476f013efecaca2ebe1f45d2d5a37e23"
	sum := sha256.Sum256([]byte(unpacked(t)))
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("the library's checksum is %s", got)
	}
	for _, source := range []string{unpacked(t), script} {
		if strings.Contains(strings.ToLower(source), "</script") || strings.Contains(source, "<!--") {
			t.Error("a script ends its own element")
		}
	}
	if len(unpacked(t)) > 700_000 {
		t.Errorf("the library has %d bytes", len(unpacked(t)))
	}
}

// The scripts are in the page byte for byte, or the policy would refuse them.
func TestScriptsAreAsDigested(t *testing.T) {
	var out bytes.Buffer
	if err := Write(&out, &Page{Title: "t"}); err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{unpacked(t), script} {
		if !strings.Contains(out.String(), "<script>"+source+"</script>") {
			t.Error("a script is changed on its way")
		}
		if !strings.Contains(strings.ReplaceAll(out.String(), "&#43;", "+"), digest(source)) {
			t.Error("the policy does not name a script")
		}
	}
}

func TestTooLarge(t *testing.T) {
	page := &Page{Data: strings.Repeat("x", MaxSize)}
	if err := Write(&bytes.Buffer{}, page); err == nil {
		t.Error("a page above the bound is written")
	}
	if err := Write(broken{}, &Page{}); err == nil {
		t.Error("a failure to write goes unnoticed")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestSVG(t *testing.T) {
	if got := SVG("<?xml version=\"1.0\"?>\n<!-- x --><svg><g/></svg>").Markup(); got != "<svg><g/></svg>" {
		t.Errorf("%q", got)
	}
	if !SVG("no drawing").Empty() {
		t.Error("what is no drawing is one")
	}
}

func unpacked(t *testing.T) string {
	t.Helper()
	text, err := library()
	if err != nil {
		t.Fatal(err)
	}
	return text
}
