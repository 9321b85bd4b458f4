package report

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"testbed/emulator/internal/testenv"
)

// problems of the page as a browser shows it: figures that are empty, and what sticks out at the side.
const problems = `(function () {
  var bad = [];
  document.querySelectorAll('.chart').forEach(function (c) {
    var svg = c.querySelector('svg');
    if (!svg || c.clientWidth < 200 || svg.querySelectorAll('path').length < 5) {
      bad.push('empty: ' + c.dataset.chart);
    }
  });
  if (!document.querySelectorAll('.chart').length) { bad.push('no charts'); }
  document.querySelectorAll('figure').forEach(function (f) {
    var s = f.querySelector('svg'), r = f.getBoundingClientRect();
    if (!s || r.width < 200 || r.height < 100) { bad.push('figure: ' + f.id); }
    if (r.right > innerWidth + 1) { bad.push('too wide: ' + f.id); }
  });
  if (document.querySelectorAll('.drawn svg path').length < 40) { bad.push('empty: topology'); }
  if (document.documentElement.scrollWidth > innerWidth) {
    bad.push('overflow: ' + document.documentElement.scrollWidth + ' of ' + innerWidth);
  }
  if (document.title === 'owned') { bad.push('a name was executed'); }
  return bad;
})()`

func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("short: no browser")
	}
	b := openBrowser(t)
	dir := generate(t, 120)
	_, result := made(t, dir)
	page, err := filepath.Abs(result.Page)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		width int
		dark  bool
	}{{1280, false}, {1280, true}, {400, false}} {
		b.open("file://"+page, c.width, c.dark)
		var bad []string
		b.evaluate(problems, &bad)
		if len(bad) > 0 {
			t.Errorf("at %d pixels: %s", c.width, strings.Join(bad, "; "))
		}
		b.use()
		b.evaluate(problems, &bad)
		if len(bad) > 0 {
			t.Errorf("at %d pixels, after a choice: %s", c.width, strings.Join(bad, "; "))
		}
		b.quiet(page)
	}
	b.prints(t)
	b.quiet(page)
	b.refuses(t)
}

// refuses makes the page try what it must not: the policy forbids it, and quiet would have seen it.
func (b *browser) refuses(t *testing.T) {
	t.Helper()
	var tried bool
	b.evaluate(`(function () {
	  var image = new Image();
	  image.src = 'http://127.0.0.1:9/image';
	  fetch('http://127.0.0.1:9/fetch').catch(function () {});
	  var script = document.createElement('script');
	  script.textContent = 'document.title = "owned"';
	  document.body.appendChild(script);
	  return document.title !== 'owned';
	})()`, &tried)
	if !tried {
		t.Error("a script that was added has run")
	}
	if !testenv.Holds(func() bool { return len(b.seen("Log.entryAdded")) >= 3 }) {
		t.Errorf("of three violations of the policy %d were reported", len(b.seen("Log.entryAdded")))
	}
}

// use makes choices, as a person would.
func (b *browser) use() {
	b.t.Helper()
	var changed []bool
	b.evaluate(`(function () {
	  var chart = document.querySelector('[data-chart=measured-against-predicted]'), before = chart.innerHTML, out = [];
	  document.querySelector('input[name=engine][value=statesim]').click();
	  out.push(chart.innerHTML !== before);
	  before = chart.innerHTML;
	  document.querySelector('input[name=model][value=external]').click();
	  out.push(chart.innerHTML !== before);
	  document.querySelectorAll('.tools button').forEach(function (b) { b.click(); });
	  var field = document.querySelector('input[data-table=queues]'), rows = document.querySelectorAll('#queues tbody tr');
	  field.value = 'link_7';
	  field.dispatchEvent(new Event('input'));
	  var shown = Array.prototype.filter.call(rows, function (r) { return !r.hidden; }).length;
	  out.push(shown > 0 && shown < rows.length);
	  document.querySelectorAll('#queues th button').forEach(function (b) { b.click(); });
	  var g = document.querySelector('.drawn g'), tip = document.getElementById('tip');
	  g.dispatchEvent(new PointerEvent('pointerenter'));
	  out.push(!tip.hidden && tip.textContent.length > 3);
	  g.dispatchEvent(new PointerEvent('pointerleave'));
	  return out;
	})()`, &changed)
	for i, ok := range changed {
		if !ok {
			b.t.Errorf("choice %d changes nothing", i)
		}
	}
}

// quiet wants neither an error on the console nor a request but for the page.
func (b *browser) quiet(page string) {
	b.t.Helper()
	for _, kind := range []string{"Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"} {
		for _, event := range b.seen(kind) {
			b.t.Errorf("%s: %s", kind, event)
		}
	}
	if len(b.seen("Network.requestWillBeSent")) == 0 {
		b.t.Error("not even the page was asked for: the test sees nothing")
	}
	for _, event := range b.seen("Network.requestWillBeSent") {
		var request struct{ Request struct{ URL string } }
		if err := json.Unmarshal(event, &request); err != nil || request.Request.URL != "file://"+page {
			b.t.Errorf("the page asks for %s", request.Request.URL)
		}
	}
}

var pdfPage = regexp.MustCompile(`/Type\s*/Page\b[^s]`)

// prints wants all figures on paper: the drawn ones in place of the charts.
func (b *browser) prints(t *testing.T) {
	t.Helper()
	b.call("Emulation.setEmulatedMedia", object{"media": "print", "features": []object{}}, nil)
	var bad []string
	b.evaluate(`(function () {
	  var bad = [];
	  document.querySelectorAll('figure').forEach(function (f) {
	    var s = f.querySelector('.static svg, .drawn svg'), r = s && s.getBoundingClientRect();
	    if (!r || r.width < 100 || r.height < 50) { bad.push(f.id); }
	  });
	  document.querySelectorAll('.chart, .filters').forEach(function (c) {
	    if (c.getClientRects().length) { bad.push('shown: ' + c.className); }
	  });
	  return bad;
	})()`, &bad)
	if len(bad) > 0 {
		t.Errorf("on paper: %s", strings.Join(bad, "; "))
	}
	var out struct{ Data string }
	b.call("Page.printToPDF", object{"preferCSSPageSize": true}, &out)
	pdf, err := base64.StdEncoding.DecodeString(out.Data)
	if err != nil {
		t.Fatal(err)
	}
	if pages := len(pdfPage.FindAll(pdf, -1)); pages < 2 {
		t.Errorf("the PDF has %d pages", pages)
	}
}

// TestLook takes pictures of the page TB_PAGE into the directory TB_SHOTS, for a person: scripts/look.
func TestLook(t *testing.T) {
	page, to := os.Getenv("TB_PAGE"), os.Getenv("TB_SHOTS")
	if page == "" || to == "" {
		t.Skip("TB_PAGE and TB_SHOTS name no page and no directory")
	}
	b := openBrowser(t)
	save := func(name, text string) {
		data, err := base64.StdEncoding.DecodeString(text)
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), data, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var out struct{ Data string }
	for _, c := range []struct {
		name  string
		width int
		dark  bool
	}{{"wide.png", 1280, false}, {"wide-dark.png", 1280, true}, {"narrow.png", 400, false}} {
		b.open("file://"+page, c.width, c.dark)
		b.call("Page.captureScreenshot", object{"captureBeyondViewport": true}, &out)
		save(c.name, out.Data)
	}
	b.call("Page.printToPDF", object{"preferCSSPageSize": true}, &out)
	save("print.pdf", out.Data)
	b.quiet(page)
}
