package carriertest

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	apiimage "github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"testbed/emulator/internal/program"
	"testbed/emulator/internal/testenv"
	"testbed/emulator/machines"
	"testbed/emulator/machines/carrier"
	"testbed/emulator/machines/carrier/engines"
	"testbed/emulator/machines/control"
	"testbed/emulator/noderuntime"
	"testbed/emulator/noderuntime/docker"
	"testbed/emulator/noderuntime/runtimetest"
)

// TestImageByReference: engines that have it run it, and one that has not is named, with what to do.
func TestImageByReference(t *testing.T) {
	at := testenv.NewMachines(t)
	const reference = "tb-agents-test:1"
	images := docker.New(program.At("/proc/self/exe"))
	for n := 1; n <= 2; n++ {
		api := apiOf(t, at, n)
		id, err := images.EnsureImage(context.Background(), api)
		if err == nil {
			err = api.ImageTag(context.Background(), id, reference)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _, _ = api.ImageRemove(context.Background(), reference, apiimage.RemoveOptions{}) })
	}
	spec, err := machines.Parse(at.Engine(1) + "," + at.Engine(2) + "," + at.Engine(3))
	if err != nil {
		t.Fatal(err)
	}
	c := engines.New(spec.Machines, engines.Options{Image: reference})
	defer c.Close()
	s := &suite{T: t, at: at, carrier: c, testbed: "by-reference"}
	t.Cleanup(s.nothingIsLeft)
	list := s.machines()
	s.start(list[:2])
	_, err = c.Start(context.Background(), Launch(at, "by-reference-3"), list)
	if err == nil || !strings.Contains(err.Error(), "machine3") || !strings.Contains(err.Error(), "docker pull") ||
		strings.Contains(err.Error(), "machine1") {
		t.Errorf("got %v, want that machine3 lacks the image, and what to do", err)
	}
	other := engines.New(spec.Machines, engines.Options{Image: reference, Digest: strings.Repeat("0", 64)})
	defer other.Close()
	if _, err := other.Start(context.Background(), Launch(at, "by-reference-4"), list[:1]); !errors.Is(err,
		carrier.ErrOtherProgram) {
		t.Errorf("an image of another build: %v", err)
	}
}

// authority signs certificates of a test.
type authority struct {
	*testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// sign makes a key and a certificate, whose issuer is the authority itself where that has none yet.
func (a *authority) sign(name string, more x509.Certificate) (certPEM, keyPEM []byte) {
	a.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.Fatal(err)
	}
	more.SerialNumber, more.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	more.NotBefore, more.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	issuer, signer := a.cert, a.key
	if issuer == nil {
		issuer, signer = &more, key
	}
	der, err := x509.CreateCertificate(rand.Reader, &more, issuer, &key.PublicKey, signer)
	if err != nil {
		a.Fatal(err)
	}
	if a.cert == nil {
		if a.cert, err = x509.ParseCertificate(der); err != nil {
			a.Fatal(err)
		}
		a.key = key
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret})
}

// write writes a file below the directory of Docker's configuration.
func (a *authority) write(data []byte, path ...string) {
	a.Helper()
	file := filepath.Join(append([]string{a.dir}, path...)...)
	err := os.MkdirAll(filepath.Dir(file), 0o700)
	if err == nil {
		err = os.WriteFile(file, data, 0o600)
	}
	if err != nil {
		a.Fatal(err)
	}
}

// overTLS has a machine's engine answer at an address of this host, to those alone who have a certificate of the
// authority.
func (a *authority) overTLS(socket string) (address string) {
	a.Helper()
	pair, err := tls.X509KeyPair(a.sign("engine", x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}))
	if err != nil {
		a.Fatal(err)
	}
	known := x509.NewCertPool()
	known.AddCert(a.cert)
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: known,
		ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12})
	if err != nil {
		a.Fatal(err)
	}
	a.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if conn.(*tls.Conn).Handshake() != nil {
					return
				}
				if behind, err := net.Dial("unix", socket); err == nil {
					control.Splice(conn, behind)
					behind.Close()
				}
			}()
		}
	}()
	return "tcp://" + l.Addr().String()
}

// context writes a context as `docker context create` does.
func (a *authority) context(name, host string, files map[string][]byte) {
	a.Helper()
	meta, err := json.Marshal(map[string]any{"Name": name, "Metadata": map[string]any{},
		"Endpoints": map[string]any{"docker": map[string]any{"Host": host, "SkipTLSVerify": false}}})
	if err != nil {
		a.Fatal(err)
	}
	sum := sha256.Sum256([]byte(name))
	id := hex.EncodeToString(sum[:])
	a.write(meta, "contexts", "meta", id, "meta.json")
	for file, data := range files {
		a.write(data, "contexts", "tls", id, "docker", file)
	}
}

// TestContextsOverTLS: an agent at an engine that is reached by TCP, with certificates of both; without them nobody
// gets one, and without TLS nobody is asked.
func TestContextsOverTLS(t *testing.T) {
	at := testenv.NewMachines(t)
	a := &authority{T: t, dir: t.TempDir()}
	t.Setenv("DOCKER_CONFIG", a.dir)
	ca, _ := a.sign("authority", x509.Certificate{IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign})
	cert, key := a.sign("controller", x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	address := a.overTLS(at.Socket(2))
	a.context("lab-2", address, map[string][]byte{"ca.pem": ca, "cert.pem": cert, "key.pem": key})
	a.context("stranger", address, map[string][]byte{"ca.pem": ca})
	a.context("bare", address, nil)
	spec, err := machines.Parse("lab-2=3,stranger,bare")
	if err != nil {
		t.Fatal(err)
	}
	c := engines.New(spec.Machines, engines.Options{Program: program.At("/proc/self/exe")})
	defer c.Close()
	fit, unfit, err := c.Machines(context.Background())
	if err != nil || len(fit) != 1 || fit[0].Name != "machine2" || fit[0].Address != "127.0.0.1" || fit[0].Weight != 3 {
		t.Fatalf("%+v, unfit %v, %v", fit, unfit, err)
	}
	if len(unfit) != 2 || unfit[0].Machine.ID != "stranger" || !strings.Contains(unfit[1].Why, "without TLS") {
		t.Errorf("unfit: %v", unfit)
	}
	s := &suite{T: t, at: at, carrier: engines.New(spec.Machines[:1],
		engines.Options{Program: program.At("/proc/self/exe")}), testbed: "by-tls"}
	t.Cleanup(s.nothingIsLeft)
	on := s.start(fit)
	if on[0].Hello.Host != "machine2" {
		t.Errorf("the agent is on %s", on[0].Hello.Host)
	}
	s.nodes(on)
	s.removeNodes(on)
}

// importImage gives a machine's engine an image of the test binary, whose command is a node's.
func importImage(t *testing.T, api *client.Client) (name string) {
	t.Helper()
	binary, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	var layer bytes.Buffer
	out := tar.NewWriter(&layer)
	err = out.WriteHeader(&tar.Header{Name: "testbed", Mode: 0o755, Size: int64(len(binary)), Typeflag: tar.TypeReg})
	if err == nil {
		_, err = out.Write(binary)
	}
	if err = errors.Join(err, out.Close()); err != nil {
		t.Fatal(err)
	}
	name = "tb-test-companion:1"
	body, err := api.ImageImport(context.Background(), apiimage.ImportSource{Source: &layer, SourceName: "-"}, name,
		apiimage.ImportOptions{Changes: []string{`ENTRYPOINT ["/testbed"]`, `CMD ["` + runtimetest.Agent + `"]`, `USER 0`}})
	if err == nil {
		_, err = io.Copy(io.Discard, body)
		body.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = api.ImageRemove(context.Background(), name, apiimage.RemoveOptions{Force: true}) })
	return name
}

// TestCompanionsOnAnotherMachine: started, awaited and ended through its agent; what removes the testbed removes them.
func TestCompanionsOnAnotherMachine(t *testing.T) {
	at := testenv.NewMachines(t)
	s := &suite{T: t, at: at, carrier: enginesOf(t, at), testbed: "beside"}
	t.Cleanup(s.nothingIsLeft)
	on := s.start(s.machines()[1:2])
	node := s.nodes(on)[0]
	image := importImage(t, s.api(2))
	r, ctx := on[0].Runtime(), context.Background()
	companions := r.Runtime.(noderuntime.Companions)
	spec := noderuntime.Companion{Name: "detect", Image: image, Env: []string{"PORT=1"}, Memory: 64 << 20, Processes: 32}
	var ids []string
	for range 2 {
		id, err := companions.StartCompanion(ctx, node, spec)
		if err != nil {
			t.Fatal(err)
		}
		found, err := s.api(2).ContainerInspect(ctx, id)
		if err != nil || !found.State.Running || string(found.HostConfig.NetworkMode) != "container:"+node.Container {
			t.Errorf("it runs as %+v, %v", found.ContainerJSONBase, err)
		}
		ids = append(ids, id)
	}
	if nodes, err := r.Find(ctx, s.testbed); err != nil || len(nodes) != 1 {
		t.Errorf("%d nodes are found, %v", len(nodes), err)
	}
	if _, err := r.Inspect(ctx, []noderuntime.Node{node}); err != nil {
		t.Error(err)
	}
	ended := make(chan string, 1)
	go func() {
		how, err := companions.AwaitCompanion(ctx, ids[0])
		if err != nil {
			t.Error(err)
		}
		ended <- how
	}()
	found, err := s.api(2).ContainerInspect(ctx, ids[0])
	if err == nil {
		err = syscall.Kill(found.State.Pid, syscall.SIGKILL)
	}
	if err != nil {
		t.Fatal(err)
	}
	if how := <-ended; !strings.Contains(how, "137") {
		t.Errorf("it ended: %q", how)
	}
	for range 2 {
		if err := companions.StopCompanion(ctx, ids[0], true); err != nil {
			t.Error(err)
		}
	}
	spec.Image = "tb-no-such-image:1"
	if _, err := companions.StartCompanion(ctx, node, spec); !errors.Is(err, noderuntime.ErrSpec) ||
		!strings.Contains(err.Error(), "machine2") {
		t.Errorf("an image that is not there: %v", err)
	}
	s.removeNodes(on)
}

// TestAnAgentEndsOnRequest: as on the end of its connection, and says so by its status.
func TestAnAgentEndsOnRequest(t *testing.T) {
	at := testenv.NewMachines(t)
	s := &suite{T: t, at: at, carrier: enginesOf(t, at), testbed: "asked"}
	t.Cleanup(s.nothingIsLeft)
	on := s.start(s.machines()[:1])
	stream, err := on[0].Open(carrier.HelloService)
	if err != nil {
		t.Fatal(err)
	}
	stream.Close()
	api := s.api(1)
	victim := s.containers(1)[0]
	found, err := api.ContainerInspect(context.Background(), victim.ID)
	if err != nil {
		t.Fatal(err)
	}
	status, failed := api.ContainerWait(context.Background(), victim.ID, container.WaitConditionRemoved)
	time.Sleep(200 * time.Millisecond) // the engine has the request
	if err := syscall.Kill(found.State.Pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case how := <-status:
		if how.StatusCode != 0 {
			t.Errorf("its status is %d", how.StatusCode)
		}
	case err := <-failed:
		t.Error(err)
	case <-time.After(testenv.Patience):
		t.Fatal("it does not end")
	}
	s.lost(on[0])
	if err := on[0].Cause(); !errors.Is(err, control.ErrLost) {
		t.Errorf("lost for %v", err)
	}
}
