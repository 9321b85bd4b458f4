package docker

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"testing"

	"github.com/docker/docker/api/types/container"
	apiimage "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"

	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/runtimetest"
)

// strangers are what others have with an engine.
type strangers struct {
	*testing.T
	api                *client.Client
	containers, images []string // IDs
	volumes, networks  []string
	before             map[string]string
	image              string // that their containers run
}

func newStrangers(t *testing.T, r *Runtime) *strangers {
	t.Helper()
	api, err := r.connect()
	if err != nil {
		t.Fatal(err)
	}
	s := &strangers{T: t, api: api, image: importImage(t, r, `ENTRYPOINT ["/testbed"]`, `CMD ["`+runtimetest.Agent+`"]`)}
	t.Cleanup(s.remove)
	return s
}

// container makes a container and has it run, end, or only be.
func (s *strangers) container(name, state string, labels map[string]string, mounts ...string) string {
	s.Helper()
	ctx := context.Background()
	made, err := s.api.ContainerCreate(ctx, &container.Config{Image: s.image, Labels: labels},
		&container.HostConfig{NetworkMode: "none", Binds: mounts}, nil, nil, name)
	if err != nil {
		s.Fatal(err)
	}
	s.containers = append(s.containers, made.ID)
	if state != "created" {
		if err := s.api.ContainerStart(ctx, made.ID, container.StartOptions{}); err != nil {
			s.Fatal(err)
		}
	}
	if state == "ended" {
		if err := s.api.ContainerKill(ctx, made.ID, "KILL"); err != nil {
			s.Fatal(err)
		}
		done, failed := s.api.ContainerWait(ctx, made.ID, container.WaitConditionNotRunning)
		select {
		case <-done:
		case err := <-failed:
			s.Fatal(err)
		}
	}
	return made.ID
}

func (s *strangers) volume(name string, labels map[string]string) string {
	s.Helper()
	made, err := s.api.VolumeCreate(context.Background(), volume.CreateOptions{Name: name, Labels: labels})
	if err != nil {
		s.Fatal(err)
	}
	s.volumes = append(s.volumes, made.Name)
	return made.Name
}

func (s *strangers) network(name string, labels map[string]string) {
	s.Helper()
	made, err := s.api.NetworkCreate(context.Background(), name, network.CreateOptions{Labels: labels,
		Options: map[string]string{"com.docker.network.bridge.name": fmt.Sprint("tb-str", len(s.networks))}})
	if err != nil {
		s.Fatal(err)
	}
	s.networks = append(s.networks, made.ID)
}

func (s *strangers) tag(image, name string) {
	s.Helper()
	if err := s.api.ImageTag(context.Background(), image, name); err != nil {
		s.Fatal(err)
	}
	s.images = append(s.images, name)
}

// look is all that the engine says of the strangers, as it says it.
func (s *strangers) look() map[string]string {
	s.Helper()
	ctx, said := context.Background(), map[string]string{}
	note := func(what string, raw []byte, err error) {
		if err != nil {
			raw = []byte(err.Error())
		}
		said[what] = string(raw)
	}
	for _, id := range s.containers {
		_, raw, err := s.api.ContainerInspectWithRaw(ctx, id, false)
		note("container "+id, raw, err)
	}
	for _, id := range s.volumes {
		_, raw, err := s.api.VolumeInspectWithRaw(ctx, id)
		note("volume "+id, raw, err)
	}
	for _, id := range s.networks {
		_, raw, err := s.api.NetworkInspectWithRaw(ctx, id, network.InspectOptions{})
		note("network "+id, raw, err)
	}
	for _, name := range s.images {
		found, err := s.api.ImageInspect(ctx, name)
		found.RepoTags = slices.DeleteFunc(found.RepoTags, func(tag string) bool { // the node image's own comes and goes
			return !slices.Contains(s.images, tag) && tag != s.image
		})
		raw, _ := json.Marshal(found)
		note("image "+name, raw, err)
	}
	return said
}

func (s *strangers) remember() { s.Helper(); s.before = s.look() }

func (s *strangers) unchanged(after string) {
	s.Helper()
	now := s.look()
	for what, was := range s.before {
		if now[what] != was {
			s.Errorf("after %s, %s is another:\n%s\nbefore:\n%s", after, what, now[what], was)
		}
	}
	if len(now) != len(s.before) || len(now) == 0 {
		s.Errorf("after %s there are %d, before %d", after, len(now), len(s.before))
	}
}

func (s *strangers) remove() {
	ctx := context.Background()
	for _, id := range s.containers {
		if err := s.api.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true}); err != nil {
			s.Error(err)
		}
	}
	for _, name := range s.volumes {
		if err := s.api.VolumeRemove(ctx, name, true); err != nil {
			s.Error(err)
		}
	}
	for _, id := range s.networks {
		if err := s.api.NetworkRemove(ctx, id); err != nil {
			s.Error(err)
		}
	}
	for _, name := range s.images {
		if _, err := s.api.ImageRemove(ctx, name, apiimage.RemoveOptions{}); err != nil {
			s.Error(err)
		}
	}
}

// namesake makes an image whose program, this test binary, has the name of a node's process.
func (s *strangers) namesake() string {
	s.Helper()
	const name = "tb-namesake:1"
	if slices.Contains(s.images, name) {
		return name
	}
	file, size, err := openStatic("/proc/self/exe")
	if err != nil {
		s.Fatal(err)
	}
	defer file.Close()
	reader, writer := io.Pipe()
	go func() {
		header := layerHeader(size)
		header.Name = "tb-node"
		archive := tar.NewWriter(writer)
		err := archive.WriteHeader(header)
		if err == nil {
			_, err = io.Copy(archive, file)
		}
		writer.CloseWithError(errors.Join(err, archive.Close()))
	}()
	source := apiimage.ImportSource{Source: reader, SourceName: "-"}
	body, err := s.api.ImageImport(context.Background(), source, name, apiimage.ImportOptions{})
	if err == nil {
		_, err = io.Copy(io.Discard, body)
		body.Close()
	}
	if err != nil {
		s.Fatal(err)
	}
	s.images = append(s.images, name)
	return name
}

// labelsOf are those of a node's container, with its signature.
func (s *strangers) labelsOf(n noderuntime.Node) map[string]string {
	s.Helper()
	c, err := s.api.ContainerInspect(context.Background(), n.Container)
	if err != nil {
		s.Fatal(err)
	}
	if c.Config.Labels[labelProof] == "" {
		s.Fatalf("%s has no signature: %v", n.Node, c.Config.Labels)
	}
	return c.Config.Labels
}

// crowd makes strangers as near to a testbed's nodes as can be.
func (s *strangers) crowd(r *Runtime, testbed string, node noderuntime.Node) {
	s.Helper()
	copied := s.labelsOf(node)
	forged := maps.Clone(copied)
	forged[LabelNode] = "n7"
	unsigned := maps.Clone(copied)
	delete(unsigned, labelProof)
	other := nodeSpecs(s, testbed, 9, "x")[8] // another secret's, under its right name
	other.Secret = noderuntime.NewSecret()
	data := s.volume("tb-"+testbed, map[string]string{LabelTestbed: testbed})
	s.container("tb-"+testbed+".n0.2e", "running", copied, "/data")
	s.container("tb-"+testbed+".n00", "created", copied, data+":/data")
	s.container("tb-"+testbed+".n7", "ended", forged)
	s.container("tb-"+testbed+".n8", "running", labels(other, newLaunch().String()))
	s.container("tb-"+testbed+".n9", "running", nil)
	s.container("n0-"+testbed, "running", unsigned)
	s.container("nodes-"+testbed, "running", map[string]string{LabelNode: "z"})
	s.container("bed-"+testbed, "created", map[string]string{LabelTestbed: testbed})
	paths := maps.Clone(copied)
	paths[LabelTestbed], paths[LabelNode], paths[LabelRun] = "../x", "../y", "../z"
	s.container("slash-"+testbed, "created", paths)
	s.network("tb-"+testbed, map[string]string{LabelTestbed: testbed, LabelNode: node.Node})
	s.tag(s.image, Repository+":mine-"+testbed)
	s.tag(s.image, Repository+":0123456789abcdef")
	i, err := r.nodeImageOf()
	if err != nil {
		s.Fatal(err)
	}
	s.tag(i.tag, Repository+":kept-"+testbed) // the node image itself, which somebody wants to keep
	made, err := s.api.ContainerCommit(context.Background(), node.Container,
		container.CommitOptions{Reference: Repository + ":copy-" + testbed})
	if err != nil {
		s.Fatal(err)
	}
	s.images = append(s.images, made.ID)
}
