package docker

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	apiimage "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"testbed/emulator/noderuntime"
)

// Repository is where the node images are; a tag is the beginning of the image's own digest.
const Repository = "tb-node"

// nodeImage describes the image made from the binary: what a Dockerfile of FROM scratch and COPY would
// make, but the same bytes every time, so that two processes that make it at once make the same image.
type nodeImage struct {
	tag    string // REPOSITORY:DIGEST
	layer  string // digest of the one layer, in hexadecimal
	config []byte
	size   int64 // of the binary
}

// layerHeader describes the binary in its layer. A fixed time keeps the digest that of the content.
func layerHeader(size int64) *tar.Header {
	return &tar.Header{Name: binaryInside[1:], Mode: 0o755, Size: size, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
}

// writeLayer writes the layer that holds the binary, which must have the given size.
func writeLayer(w io.Writer, binary io.Reader, size int64) error {
	t := tar.NewWriter(w)
	if err := t.WriteHeader(layerHeader(size)); err != nil {
		return err
	}
	if _, err := io.Copy(t, binary); err != nil {
		return err
	}
	return t.Close()
}

// layerSize is how many bytes writeLayer writes: a header, whole blocks, and two empty ones.
func layerSize(size int64) int64 { return 512 + (size+511)/512*512 + 1024 }

// describeImage reads the binary and works out the image made from it.
func describeImage(path string) (nodeImage, error) {
	file, size, err := openStatic(path)
	if err != nil {
		return nodeImage{}, err
	}
	defer file.Close()
	sum := sha256.New()
	if err := writeLayer(sum, file, size); err != nil {
		return nodeImage{}, fmt.Errorf("reading %s: %w", path, err)
	}
	i := nodeImage{layer: hex.EncodeToString(sum.Sum(nil)), size: size}
	if i.config, err = imageConfig(i.layer); err != nil {
		return nodeImage{}, err
	}
	digest := sha256.Sum256(i.config)
	i.tag = Repository + ":" + hex.EncodeToString(digest[:8])
	return i, nil
}

// imageConfig is the image's configuration as the image specification has it.
func imageConfig(layer string) ([]byte, error) {
	type object map[string]any // encoded with sorted keys
	return json.Marshal(object{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"created":      "1970-01-01T00:00:00Z",
		"config":       object{"Entrypoint": []string{binaryInside}},
		"rootfs":       object{"type": "layers", "diff_ids": []string{"sha256:" + layer}},
		"history":      []object{{"created": "1970-01-01T00:00:00Z", "created_by": "testbed"}},
	})
}

// openStatic opens a binary and makes sure that it needs no library, of which there is none in the image.
func openStatic(path string) (*os.File, int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("the nodes' binary: %w", err)
	}
	program, err := elf.NewFile(file)
	if err == nil {
		for _, p := range program.Progs {
			if p.Type == elf.PT_INTERP {
				err = fmt.Errorf("it is linked dynamically: build it with CGO_ENABLED=0: %w", noderuntime.ErrNotSupported)
			}
		}
	}
	info, statErr := file.Stat()
	if err = errors.Join(err, statErr); err != nil {
		return nil, 0, errors.Join(fmt.Errorf("the nodes' binary %s: %w", path, err), file.Close())
	}
	return file, info.Size(), nil
}

// writeArchive writes the image in the form that `docker load` takes.
func (i nodeImage) writeArchive(w io.Writer, binary io.Reader) error {
	digest := sha256.Sum256(i.config)
	config := hex.EncodeToString(digest[:]) + ".json"
	layer := i.layer + "/layer.tar"
	manifest, err := json.Marshal([]map[string]any{{"Config": config, "RepoTags": []string{i.tag}, "Layers": []string{layer}}})
	if err != nil {
		return err
	}
	t := tar.NewWriter(w)
	add := func(name string, size int64, write func() error) error {
		if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: size, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}); err != nil {
			return err
		}
		return write()
	}
	small := func(name string, data []byte) error {
		return add(name, int64(len(data)), func() error { _, err := t.Write(data); return err })
	}
	return errors.Join(small(config, i.config),
		add(layer, layerSize(i.size), func() error { return writeLayer(t, binary, i.size) }),
		small("manifest.json", manifest), t.Close())
}

// nodeImageOf returns the image made from the binary, which is read at the first call.
func (r *Runtime) nodeImageOf() (nodeImage, error) {
	r.digestOnce.Do(func() { r.image, r.digestErr = describeImage(r.binary) })
	return r.image, r.digestErr
}

// ensureImage makes sure that the engine has the node image, and returns its name.
func (r *Runtime) ensureImage(ctx context.Context, api *client.Client) (string, error) {
	i, err := r.nodeImageOf()
	if err != nil {
		return "", err
	}
	err = r.call(ctx, "looking for the node image "+i.tag, func(ctx context.Context) error {
		_, err := api.ImageInspect(ctx, i.tag)
		return err
	})
	if !errdefs.IsNotFound(err) {
		return i.tag, err
	}
	return i.tag, r.call(ctx, "making the node image "+i.tag, func(ctx context.Context) error { return r.load(ctx, api, i) })
}

// load makes the image. Neither a registry nor a builder is needed, and it works with either of the
// engine's image stores.
func (r *Runtime) load(ctx context.Context, api *client.Client, i nodeImage) error {
	file, _, err := openStatic(r.binary)
	if err != nil {
		return err
	}
	defer file.Close()
	reader, writer := io.Pipe()
	written := make(chan struct{})
	go func() {
		defer close(written)
		writer.CloseWithError(i.writeArchive(writer, file))
	}()
	response, err := api.ImageLoad(ctx, reader, client.ImageLoadWithQuiet(true))
	if err == nil {
		err = errors.Join(loaded(response.Body), response.Body.Close())
	}
	reader.CloseWithError(io.ErrClosedPipe) // where the engine did not read it all
	<-written
	return err
}

// loaded reads the engine's account of a load.
func loaded(body io.Reader) error {
	for decoder := json.NewDecoder(body); ; {
		var line struct {
			Error string `json:"error"`
		}
		switch err := decoder.Decode(&line); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case line.Error != "":
			return errors.New(line.Error)
		}
	}
}

// userImage looks at an image of the user's own, which must be there: nothing is pulled.
func (r *Runtime) userImage(ctx context.Context, api *client.Client, name string) (image, error) {
	i := image{name: name}
	err := r.call(ctx, "image "+name, func(ctx context.Context) error {
		found, err := api.ImageInspect(ctx, name)
		if err == nil && found.Config != nil {
			i.command = append(append(i.command, found.Config.Entrypoint...), found.Config.Cmd...)
		}
		return err
	})
	if errdefs.IsNotFound(err) {
		return i, fmt.Errorf("%w: the engine has no image %s, and testbed pulls none: get it with `docker pull %s`", noderuntime.ErrSpec, name, name)
	}
	return i, err
}

// Prune removes the node images that no container uses, and returns their names. A testbed that comes up at
// the same time makes its image again.
func (r *Runtime) Prune(ctx context.Context) ([]string, error) {
	api, err := r.connect()
	if err != nil {
		return nil, err
	}
	watched, stop := r.watch(ctx, api)
	defer stop()
	var images []apiimage.Summary
	var containers []container.Summary
	err = r.call(watched, "listing the node images", func(ctx context.Context) (err error) {
		if images, err = api.ImageList(ctx, apiimage.ListOptions{Filters: filters.NewArgs(filters.Arg("reference", Repository))}); err != nil {
			return err
		}
		containers, err = api.ContainerList(ctx, container.ListOptions{All: true})
		return err
	})
	used := map[string]bool{}
	for _, c := range containers {
		used[c.ImageID], used[c.Image] = true, true
	}
	removed, failed := []string(nil), []error{err}
	for _, i := range images {
		if used[i.ID] {
			continue
		}
		for _, tag := range i.RepoTags {
			if used[tag] {
				continue
			}
			err := r.call(watched, "removing the image "+tag, func(ctx context.Context) error {
				_, err := api.ImageRemove(ctx, tag, apiimage.RemoveOptions{PruneChildren: true})
				return err
			})
			switch {
			case err == nil:
				removed = append(removed, tag)
			case !errdefs.IsNotFound(err) && !errdefs.IsConflict(err): // another was faster, or a node uses it by now
				failed = append(failed, err)
			}
		}
	}
	return removed, errors.Join(failed...)
}
