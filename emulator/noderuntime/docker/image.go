package docker

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"

	apiimage "github.com/docker/docker/api/types/image"

	"testbed/emulator/internal/elffile"
	"testbed/emulator/noderuntime"
)

// Repository is where the node images are. A tag is the beginning of the image's signature, or of its own digest
// where it is unsigned.
const Repository = "tb-node"

// nodeImage describes the image made from the binary: what a Dockerfile of FROM scratch and COPY would
// make, but the same bytes every time, so that two processes that make it at once make the same image.
type nodeImage struct {
	tag    string // REPOSITORY:DIGEST
	layer  string // digest of the one layer, in hexadecimal
	config []byte
	size   int64 // of the binary
}

// labelImage is an image's signature: with the host's key, of the digest of its one layer.
const labelImage = "testbed.image"

func signedImage(layer string) []string { return []string{"image", layer} }

// tagDigits is how many of a signature's digits are in the image's tag.
const tagDigits = 16

// tagOf is the one name that the image with a signature is given.
func tagOf(signature string) string { return Repository + ":" + signature[:tagDigits] }

// is tells whether the engine's image is this one, whatever its name.
func (i nodeImage) is(found apiimage.InspectResponse) bool {
	return found.Config != nil && slices.Equal(found.RootFS.Layers, []string{"sha256:" + i.layer}) && pristine(found)
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

// describeImage reads the binary and works out the image made from it, signed with the host's key, where there
// is one. The same binary and key make the same image.
func describeImage(path string, key noderuntime.Secret) (nodeImage, error) {
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
	var labels map[string]string
	if !key.IsZero() {
		labels = map[string]string{labelImage: key.Sign(signedImage(i.layer)...)}
	}
	if i.config, err = imageConfig(i.layer, labels); err != nil {
		return nodeImage{}, err
	}
	if signature, signed := labels[labelImage]; signed {
		i.tag = tagOf(signature)
	} else {
		digest := sha256.Sum256(i.config)
		i.tag = tagOf(hex.EncodeToString(digest[:]))
	}
	return i, nil
}

// imageTime is when node images say that they were made: a fixed time keeps the digest that of the content.
const imageTime = "1970-01-01T00:00:00Z"

// imageConfig is the image's configuration as the image specification has it.
func imageConfig(layer string, labels map[string]string) ([]byte, error) {
	type object map[string]any // encoded with sorted keys
	config := object{"Entrypoint": []string{binaryInside}}
	if len(labels) > 0 {
		config["Labels"] = labels
	}
	return json.Marshal(object{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"created":      imageTime,
		"config":       config,
		"rootfs":       object{"type": "layers", "diff_ids": []string{"sha256:" + layer}},
		"history":      []object{{"created": imageTime, "created_by": "testbed"}},
	})
}

// openStatic opens a binary and makes sure that it needs no library, of which there is none in the image.
func openStatic(path string) (*os.File, int64, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("the nodes' binary: %w", err)
	}
	interpreted, err := elffile.Interpreted(file)
	if interpreted {
		err = fmt.Errorf("it is linked dynamically: build it with CGO_ENABLED=0: %w", noderuntime.ErrNotSupported)
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
	manifest, err := json.Marshal([]map[string]any{
		{"Config": config, "RepoTags": []string{i.tag}, "Layers": []string{layer}},
	})
	if err != nil {
		return err
	}
	t := tar.NewWriter(w)
	add := func(name string, size int64, write func() error) error {
		header := &tar.Header{Name: name, Mode: 0o644, Size: size, ModTime: time.Unix(0, 0), Format: tar.FormatUSTAR}
		if err := t.WriteHeader(header); err != nil {
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
