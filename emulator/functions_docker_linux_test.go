package emulator_test

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"testbed/emulator/internal/testenv"
)

// image is the image of one of the scenario's functions in a language.
func (v variant) image(function string) string {
	return fmt.Sprintf("tb-test-%s:%s", function, v.language)
}

// imagesHere makes the images of the functions that functionsHere has put into a directory: those in Python by
// images/python, those in Go of the program alone.
func imagesHere(t *testing.T, dir string) {
	t.Helper()
	if _, err := exec.LookPath("docker"); err != nil {
		testenv.Missing(t, "docker, the command, is not installed: apt-get install docker.io or docker-cli")
	}
	const writable = `../images/python - ../scenarios/functions detect.py | tar -tv | grep '^drwxrwxrwt .* ./tmp/$'`
	if text, err := exec.Command("bash", "-c", writable).CombinedOutput(); err != nil {
		t.Errorf("engines mount /tmp with the rights that it has in the image: not all may write to it: %s", text)
	}
	for _, function := range []string{"detect", "counter"} {
		python, golang := variant{"docker", "python"}.image(function), variant{"docker", "go"}.image(function)
		script := fmt.Sprintf(`set -e
../images/python %s ../scenarios/functions %s.py
tar -C %s -c %s | docker import -c 'ENTRYPOINT ["/%[2]s"]' - %[5]s`,
			python, function, filepath.Join(dir, "functions", "go"), function, golang)
		if text, err := exec.Command("bash", "-c", script).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
}

// TestFunctionsInContainers: as containers, in Python and in Go, the functions give byte for byte what they give as
// processes, and leave the same states, under the four models.
func TestFunctionsInContainers(t *testing.T) {
	engine := testenv.NewPrivateEngine(t)
	t.Setenv("DOCKER_HOST", engine.Host)
	dir := functionsHere(t)
	imagesHere(t, dir)
	first := inAllModels(t, dir, variant{"process", "go"}, "")
	for _, text := range first {
		if !strings.Contains(text, "counter(") || !strings.Contains(text, "detect(") {
			t.Fatalf("a job gave %q", text)
		}
	}
	python := variant{"docker", "python"}
	sameAs(t, first, inAllModels(t, dir, python, profiled(t, dir, python)))
	sameAs(t, first, inAllModels(t, dir, variant{"docker", "go"}, ""))
}
