package figures

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"codeberg.org/go-fonts/liberation/liberationsansregular"
)

// TestTheFaceIsUnchanged holds it against the file of codeberg.org/go-fonts/liberation v0.5.0.
func TestTheFaceIsUnchanged(t *testing.T) {
	const want = "597589a852868f782c68e25112bab7785b34bc726f6160dca1519198c6e8c762"
	if got := fmt.Sprintf("%x", sha256.Sum256(liberationsansregular.TTF)); got != want {
		t.Errorf("its SHA-256 is %s, want %s", got, want)
	}
}
