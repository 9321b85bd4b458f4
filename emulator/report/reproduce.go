package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strings"

	"testbed/emulator/internal/lazy"
	"testbed/emulator/internal/shell"
	"testbed/emulator/record"
	"testbed/emulator/report/html"
)

// reproduce says how to do it again, and how to cite it.
func (p *page) reproduce() {
	m := p.run.Manifest
	s := begin("reproduce")
	if strings.HasSuffix(m.Version, dirty) {
		s.Intro = append(s.Intro, say("reproduce.uncommitted", nil))
	}
	s.Texts = append(s.Texts, html.Text{Title: say("commands.title", nil), Body: strings.Join(p.commands(), "\n")})
	s.Texts = append(s.Texts, html.Text{Title: say("citation.title", nil), Body: say("citation", struct {
		*record.Manifest
		Began, Scenario string
	}{m, instant(m.Start), clip(p.Title, 200)})})
	if len(m.Scenario) > 0 {
		var text bytes.Buffer
		if json.Indent(&text, m.Scenario, "", "  ") == nil {
			body := shortened(text.String())
			s.Texts = append(s.Texts, html.Text{Title: say("scenario.title", nil), Body: body, Folded: true})
		}
	}
	p.section(s)
}

// dirty is how the version ends of a program that was built from a source tree with changes.
const dirty = "-dirty"

// commands are what makes such a run again, to be copied into a shell.
func (p *page) commands() []string {
	m := p.run.Manifest
	steps := []string{checkout(strings.TrimSuffix(m.Version, dirty))}
	again := "sudo bin/testbed run --runtime=" + shell.Quote(cmp.Or(m.Runtime, "auto")) +
		" --fabric=" + shell.Quote(cmp.Or(m.Fabric, "auto")) + " "
	if _, kept := m.Files[record.ScenarioFile]; kept {
		steps = append(steps, "# the run's directory has its scenario and the files that it reads",
			again+shell.Path(p.run.Dir))
	} else {
		steps = append(steps, "# the scenario below, with all defaults resolved, as scenario.yaml (JSON is YAML)",
			again+"scenario.yaml")
	}
	if m.File != "" {
		// An interactive shell may take what follows # for a command.
		steps = append(steps, "# or, from the same version, the file that it was: "+shell.Path(m.File))
	}
	return append(steps, "bin/testbed compare results/RUN", "bin/testbed report results/RUN")
}

// shortened keeps the page small where a scenario writes out a large topology.
func shortened(text string) string {
	const most = 200_000
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "\n... cut here: " + record.ManifestFile + " has all of it"
}

// revision is what `git describe` says, and nothing that git could take for an option.
var revision = lazy.Regexp(`^[0-9A-Za-z][0-9A-Za-z._/+-]{0,99}$`)

// checkout is the command that gets a version of the program.
func checkout(version string) string {
	if !revision().MatchString(version) {
		return "# the version in the manifest is none that git knows; with one that has made the run: make build"
	}
	return "git checkout " + shell.Quote(version) + " && make build"
}
