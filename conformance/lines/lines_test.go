package lines

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestKeepsTheOrderOfTheQuestions(t *testing.T) {
	var in, want strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&in, "%d\n", i)
		fmt.Fprintf(&want, "<%d>\n", i)
	}
	var out bytes.Buffer
	err := Answer(strings.NewReader(in.String()), &out, func(question []byte) ([]byte, error) {
		if len(question) == 1 {
			time.Sleep(time.Millisecond)
		}
		return fmt.Appendf(nil, "<%s>", question), nil
	})
	if err != nil || out.String() != want.String() {
		t.Fatalf("error %v, %d bytes of %d", err, out.Len(), want.Len())
	}
}

func TestSkipsBlankLinesAndNeedsNoLastNewline(t *testing.T) {
	var out bytes.Buffer
	err := Answer(strings.NewReader("\n a \n\nb"), &out, func(question []byte) ([]byte, error) { return question, nil })
	if err != nil || out.String() != "a\nb\n" {
		t.Fatalf("error %v, output %q", err, out.String())
	}
}

func TestNamesTheQuestionThatFailed(t *testing.T) {
	var out bytes.Buffer
	err := Answer(strings.NewReader("a\nb\nc\n"), &out, func(question []byte) ([]byte, error) {
		if string(question) == "b" {
			return nil, errors.New("no answer")
		}
		return question, nil
	})
	if err == nil || err.Error() != "question 2: no answer" || out.String() != "a\n" {
		t.Fatalf("error %v, output %q", err, out.String())
	}
}
