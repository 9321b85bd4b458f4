package docker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"

	"testbed/emulator/noderuntime"
)

// nodeImageOf returns the image made from the binary, which is read at the first call.
func (r *Runtime) nodeImageOf() (nodeImage, error) {
	r.digestOnce.Do(func() { r.image, r.digestErr = describeImage(r.program.Path(), r.key()) })
	return r.image, r.digestErr
}

// ensureImage makes sure that the engine has the node image, and returns its name.
func (r *Runtime) ensureImage(ctx context.Context, api *client.Client) (string, error) {
	i, err := r.nodeImageOf()
	if err != nil {
		return "", err
	}
	err = r.call(ctx, "looking for the node image "+i.tag, func(ctx context.Context) error {
		found, err := api.ImageInspect(ctx, i.tag)
		if err == nil && !i.is(found) {
			err = fmt.Errorf("another image has its name: take that away with `docker rmi %s`, after `docker tag %[1]s OTHER` "+
				"where it is to be kept", i.tag)
		}
		return err
	})
	if !errdefs.IsNotFound(err) {
		return i.tag, err
	}
	load := func(ctx context.Context) error { return r.load(ctx, api, i) }
	return i.tag, r.call(ctx, "making the node image "+i.tag, load)
}

// load makes the image. Neither a registry nor a builder is needed, and it works with either of the
// engine's image stores.
func (r *Runtime) load(ctx context.Context, api *client.Client, i nodeImage) error {
	file, _, err := openStatic(r.program.Path())
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

// userImage looks at an image of the user's own, which must be there: nothing is pulled. What is taken of its
// directories by something else cannot be a volume.
func (r *Runtime) userImage(ctx context.Context, api *client.Client, name string, taken []string) (image, error) {
	i := image{name: name}
	err := r.call(ctx, "image "+name, func(ctx context.Context) error {
		found, err := api.ImageInspect(ctx, name)
		if err == nil && found.Config != nil {
			i.command = append(append(i.command, found.Config.Entrypoint...), found.Config.Cmd...)
			i.volumes, err = checkVolumes(name, found.Config.Volumes, taken)
		}
		return err
	})
	if errdefs.IsNotFound(err) {
		return i, fmt.Errorf("%w: the engine has no image %s, and testbed pulls none: get it with `docker pull %s`",
			noderuntime.ErrSpec, name, name)
	}
	return i, err
}
