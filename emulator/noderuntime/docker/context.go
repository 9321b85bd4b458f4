package docker

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/user"
	"path/filepath"

	"github.com/docker/docker/client"

	"testbed/emulator/internal/lazy"
)

const (
	defaultContext = "default" // the name of what is not configured
	longestConfig  = 1 << 20   // bytes of one of Docker's files
)

// contextNames is what Docker's client takes for the name of a context.
var contextNames = lazy.Regexp(`^[a-zA-Z0-9][a-zA-Z0-9_.+-]+$`)

// configDir is the directory of the configuration of Docker's client.
func configDir() (string, error) {
	if dir := os.Getenv(envConfig); dir != "" {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		var self *user.User
		if self, err = user.Current(); err == nil {
			home = self.HomeDir
		}
	}
	if err != nil {
		return "", fmt.Errorf("the directory of Docker's configuration: set HOME or %s: %w", envConfig, err)
	}
	return filepath.Join(home, ".docker"), nil
}

// contextName is that of the context in use, and what chose it.
func contextName() (name, chosen string, err error) {
	if name := os.Getenv(envContext); name != "" {
		return name, envContext, nil
	}
	dir, err := configDir()
	if err != nil {
		return "", "", err
	}
	path := filepath.Join(dir, "config.json")
	var config struct {
		CurrentContext string `json:"currentContext"`
	}
	err = readJSON(path, &config)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", nil
	}
	return config.CurrentContext, path, err
}

// NoContextError says that there is no context of a name. Whoever looked for it adds what to do about it.
type NoContextError struct {
	Name string
	Path string // where it would be; empty: nowhere, for contexts cannot be called so
}

// Error names the context and its file.
func (e *NoContextError) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("there is no Docker context %q, which cannot be the name of one", e.Name)
	}
	return fmt.Sprintf("there is no Docker context %q (%s)", e.Name, e.Path)
}

// contextEndpoint reads a context. Its files are in directories named after a digest of its name.
func contextEndpoint(name string) (endpoint, error) {
	if !contextNames().MatchString(name) {
		return endpoint{}, &NoContextError{Name: name}
	}
	dir, err := configDir()
	if err != nil {
		return endpoint{}, err
	}
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	path := filepath.Join(dir, "contexts", "meta", id, "meta.json")
	var meta struct {
		Name      string
		Endpoints map[string]struct {
			Host          string
			SkipTLSVerify bool
		}
	}
	err = readJSON(path, &meta)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return endpoint{}, &NoContextError{Name: name, Path: path}
	case err != nil:
		return endpoint{}, err
	case meta.Name != name:
		return endpoint{}, fmt.Errorf("%s: this is the Docker context %q, not %q", path, meta.Name, name)
	}
	docker, ok := meta.Endpoints["docker"]
	if !ok || docker.Host == "" {
		docker.Host = client.DefaultDockerHost
	}
	e := endpoint{host: absolute(docker.Host), chosen: fmt.Sprintf("the Docker context %q", name)}
	files, err := readTLS(filepath.Join(dir, "contexts", "tls", id, "docker"))
	if err != nil {
		return endpoint{}, err
	}
	if !isSocket(e.host) && (files.any() || docker.SkipTLSVerify) {
		e.secure = func(c *client.Client) error { return files.apply(c, docker.SkipTLSVerify) }
	}
	return e, nil
}

// tlsFiles are a client's certificates; empty: there is none.
type tlsFiles struct {
	dir           string
	ca, cert, key []byte
}

func (f tlsFiles) any() bool { return len(f.ca)+len(f.cert)+len(f.key) > 0 }

// readTLS reads the certificates that a directory has.
func readTLS(dir string) (tlsFiles, error) {
	f := tlsFiles{dir: dir}
	for name, data := range map[string]*[]byte{"ca.pem": &f.ca, "cert.pem": &f.cert, "key.pem": &f.key} {
		var err error
		if *data, err = readSmall(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return f, nil
}

// apply makes a client use the certificates.
func (f tlsFiles) apply(c *client.Client, insecure bool) error {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: insecure}
	if len(f.ca) > 0 {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(f.ca) {
			return fmt.Errorf("%s holds no certificate", filepath.Join(f.dir, "ca.pem"))
		}
	}
	if len(f.cert)+len(f.key) > 0 {
		pair, err := tls.X509KeyPair(f.cert, f.key)
		if err != nil {
			return fmt.Errorf("%s and key.pem: %w", filepath.Join(f.dir, "cert.pem"), err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	transport := &http.Transport{TLSClientConfig: config}
	return client.WithHTTPClient(&http.Client{Transport: transport, CheckRedirect: client.CheckRedirect})(c)
}

// readJSON reads one of Docker's files.
func readJSON(path string, into any) error {
	data, err := readSmall(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: line %d: it is not as Docker writes it: %w", path, lineOf(data, err), err)
	}
	return nil
}

// lineOf is the line that an error of decoding is about.
func lineOf(data []byte, err error) int {
	offset := int64(0)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	}
	offset = min(max(offset, 0), int64(len(data)))
	return 1 + bytes.Count(data[:offset], []byte("\n"))
}

// readSmall reads a regular file of no more than longestConfig bytes.
func readSmall(path string) ([]byte, error) {
	if info, err := os.Stat(path); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() { // opening a pipe would wait for its writer
		return nil, fmt.Errorf("%s: not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, longestConfig+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	case len(data) > longestConfig:
		return nil, fmt.Errorf("%s: it has more than %d bytes", path, longestConfig)
	}
	return data, nil
}
