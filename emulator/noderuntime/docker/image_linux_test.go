package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	apiimage "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/mount"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/runtimetest"
)

func itoa(n int) string { return strconv.Itoa(n) }

// importImage makes an image of a user's own from scratch: this test binary, in another role.
func importImage(t *testing.T, r *Runtime, changes ...string) string {
	t.Helper()
	return importAt(t, r, "testbed", changes...)
}

// importAt is importImage with the binary, or where the path ends with a slash a directory, at a path of one's own.
func importAt(t *testing.T, r *Runtime, path string, changes ...string) string {
	t.Helper()
	api, err := r.connect()
	if err != nil {
		t.Fatal(err)
	}
	file, size, err := openStatic("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	reader, writer := io.Pipe()
	go func() {
		header := layerHeader(size)
		if header.Name = path; strings.HasSuffix(path, "/") {
			header.Typeflag, header.Size = tar.TypeDir, 0
		}
		layer := tar.NewWriter(writer)
		err := layer.WriteHeader(header)
		if err == nil && header.Size > 0 {
			_, err = io.Copy(layer, file)
		}
		writer.CloseWithError(errors.Join(err, layer.Close()))
	}()
	name := "tb-test-" + bed("") + strings.ToLower(t.Name()) + ":1"
	body, err := api.ImageImport(context.Background(), apiimage.ImportSource{Source: reader, SourceName: "-"}, name,
		apiimage.ImportOptions{Changes: changes})
	if err == nil {
		_, err = io.Copy(io.Discard, body)
		body.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := api.ImageRemove(context.Background(), name, apiimage.RemoveOptions{Force: true}); err != nil {
			t.Error(err)
		}
	})
	return name
}

func TestUserImageWithoutAgent(t *testing.T) {
	r, testbed := testRuntime(t), bed("user")
	image := importImage(t, r, `ENTRYPOINT ["/testbed"]`, `CMD ["`+runtimetest.Agent+`"]`, `VOLUME /data`)
	clean(t, r, testbed)
	specs := nodeSpecs(t, testbed, 2)
	specs[0].Image, specs[1].Args = image, []string{runtimetest.Agent}
	nodes, err := r.Start(context.Background(), specs, nil)
	if err != nil || len(nodes) != 2 {
		t.Fatalf("%v, %v", nodes, err)
	}
	if !strings.Contains(logsOf(t, r, nodes[0], runtimetest.Greeting), runtimetest.Greeting) {
		t.Error("the image's own command does not run")
	}
	c, err := r.api.ContainerInspect(context.Background(), containerName(testbed, "n0"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range c.Mounts {
		if m.Source == specs[0].Dir {
			t.Error("a node without agent has been given the testbed's directory")
		}
		if m.Type == mount.TypeVolume || m.Name != "" {
			t.Errorf("the engine made a volume of the host's disk: %+v", m)
		}
	}
	if err := r.Remove(context.Background(), testbed, nil); err != nil {
		t.Fatal(err)
	}
}

func TestUserImageWithAgent(t *testing.T) {
	r, testbed := testRuntime(t), bed("both")
	// The image's own command is an agent of its own, which would be ready for nobody.
	image := importAt(t, r, "program", `ENTRYPOINT ["/program"]`, `CMD ["`+runtimetest.LateAgent+`"]`, `USER 1000`)
	clean(t, r, testbed)
	specs := nodeSpecs(t, testbed, 1, runtimetest.Agent)
	specs[0].Image = image
	nodes, err := r.Start(context.Background(), specs, nil)
	if err != nil {
		t.Fatal(err)
	}
	logsOf(t, r, nodes[0], runtimetest.Greeting+"\n"+runtimetest.Greeting) // of both
	var out bytes.Buffer
	facts := []string{binaryInside, runtimetest.Probe, "facts"}
	code, err := r.Exec(context.Background(), nodes[0], facts, noderuntime.Stdio{Out: &out})
	if code != 0 || err != nil {
		t.Fatalf("status %d, %v", code, err)
	}
	if !strings.Contains(out.String(), `"Seen":3`) || !strings.Contains(out.String(), `"Orphans":1`) {
		t.Errorf("want the agent, its child and the probe: %s", out.String())
	}
}

func TestImageThatEndsAtOnce(t *testing.T) {
	r, testbed := testRuntime(t), bed("short")
	image := importImage(t, r, `ENTRYPOINT ["/testbed", "`+runtimetest.DyingAgent+`"]`)
	clean(t, r, testbed)
	specs := nodeSpecs(t, testbed, 2)
	specs[0].Image, specs[1].Args = image, []string{runtimetest.Agent}
	_, err := r.Start(context.Background(), specs, nil)
	if err == nil || !strings.Contains(err.Error(), runtimetest.LastWords) || !strings.Contains(err.Error(), "n0") {
		t.Errorf("got %v, want what the node said", err)
	}
	left, err := r.containers(context.Background(), r.api, LabelTestbed+"="+testbed, true)
	if err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// logsOf waits until a node has printed text.
func logsOf(t *testing.T, r *Runtime, n noderuntime.Node, text string) string {
	t.Helper()
	var out bytes.Buffer
	if !testenv.Holds(func() bool {
		out.Reset()
		if err := r.Logs(context.Background(), n, false, &out); err != nil {
			t.Fatal(err)
		}
		return strings.Contains(out.String(), text)
	}) {
		t.Fatalf("%s printed %q, want %q", n.Node, out.String(), text)
	}
	return out.String()
}

// TestNodeImageIsMadeOnce makes the image in several processes' way at the same time, and removes it.
func TestNodeImageIsMadeOnce(t *testing.T) {
	r, ctx := testRuntime(t), context.Background()
	api, err := r.connect()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Prune(ctx); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			if _, err := newRuntime().ensureImage(ctx, api); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	tag, err := r.ensureImage(ctx, api)
	if err != nil {
		t.Fatal(err)
	}
	all, err := api.ImageList(ctx, apiimage.ListOptions{All: true})
	if err != nil {
		t.Fatal(err)
	}
	nameless := slices.DeleteFunc(slices.Clone(all), func(i apiimage.Summary) bool {
		return len(i.RepoTags) > 0 && i.RepoTags[0] != "<none>:<none>"
	})
	if os.Getenv("TB_ENGINE_TRIED") != "" && len(nameless) > 0 {
		t.Errorf("%d images without a name are there: %+v", len(nameless), nameless)
	}
	testbed := bed("prune")
	clean(t, r, testbed)
	if _, err := r.Start(ctx, nodeSpecs(t, testbed, 1, runtimetest.Agent), nil); err != nil {
		t.Fatal(err)
	}
	if removed, _, err := r.Prune(ctx); err != nil || slices.Contains(removed, tag) {
		t.Errorf("removed %v, %v: a node uses %s", removed, err, tag)
	}
	if err := r.Remove(ctx, testbed, nil); err != nil {
		t.Fatal(err)
	}
	if removed, _, err := r.Prune(ctx); err != nil || !slices.Contains(removed, tag) {
		t.Errorf("removed %v, %v: nothing uses %s any more", removed, err, tag)
	}
}
