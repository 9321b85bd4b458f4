package dapr

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"testbed/emulator/faas/dapr/daprtest"
	"testbed/emulator/faas/keyspace"
	"testbed/emulator/internal/testenv"
)

// A client that nobody here wrote, Dapr's JavaScript SDK, finds the API that it expects.
func TestJavaScriptSDK(t *testing.T) {
	node, sdk := daprtest.SDK(t)
	b := newBed(0)
	server := httptest.NewServer(Guard("token of the instance", b.handler))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), testenv.Patience)
	defer cancel()
	command := exec.CommandContext(ctx, node, "testdata/client.js")
	command.Env = append(os.Environ(), "NODE_PATH="+sdk, "DAPR_HTTP_ENDPOINT="+server.URL,
		TokenEnv+"=token of the instance")
	text, err := command.CombinedOutput()
	if err != nil || strings.TrimSpace(string(text)) != "ok" {
		t.Fatalf("%v: %s", err, text)
	}
	space := b.session.Close()[0]
	if value, _, _ := space.Get("k1"); string(value) != "10" {
		t.Errorf("in the end k1 is %q", value)
	}
	want := keyspace.New(0)
	for key, value := range map[string]string{"k1": "10", "k3": `"new"`, "text": `"1"`, "a/b ü": "[]"} {
		if err := want.Set(key, []byte(value)); err != nil {
			t.Fatal(err)
		}
	}
	if space.Digest() != want.Digest() {
		t.Errorf("in the end there are %q", space.Keys())
	}
}
