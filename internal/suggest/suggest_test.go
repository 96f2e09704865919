package suggest

import "testing"

func TestUnknown(t *testing.T) {
	known := []string{"machine", "process", "sample"}
	for name, want := range map[string]string{
		"machien": `unknown thing "machien"; did you mean "machine"?`,
		"PROCESS": `unknown thing "PROCESS"; did you mean "process"?`,
		"qqqqqqq": `unknown thing "qqqqqqq"; known are machine, process, sample`,
	} {
		if got := Unknown("thing", name, known).Error(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := Nearest("x", nil); got != "" {
		t.Errorf("nearest of nothing is %q", got)
	}
}
