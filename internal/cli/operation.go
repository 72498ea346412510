package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"magpie/internal/cli/operation"
)

// OperationsGroup is the heading under which help lists the operations.
const OperationsGroup = "operations"

// Operations returns a verb for every operation of the API. Each belongs to OperationsGroup, which the root command is to have.
func Operations() []*cobra.Command {
	var all []*cobra.Command
	for _, verb := range operation.Verbs() {
		all = append(all, operationCommand(verb))
	}
	return all
}

// operationRun is what was given on the command line of an operation verb.
type operationRun struct {
	verb      *operation.Verb
	target    Target
	output    output
	values    map[string]*paramValue // by member
	inputJSON string

	noPaginate    bool
	maxItems      int
	pageSize      int
	startingToken string
}

// paramValue is one parameter of an operation as it was given.
type paramValue struct {
	text []string
	yes  bool
	no   bool
}

func operationCommand(verb *operation.Verb) *cobra.Command {
	r := &operationRun{verb: verb, values: map[string]*paramValue{}}
	c := &cobra.Command{
		Use:     verb.Name,
		GroupID: OperationsGroup,
		Short:   verb.Short(),
		Long:    verb.Short() + builtMark(verb) + ": the operation " + verb.Operation + ". Flags and their values are spelled as in the AWS CLI.",
		Example: "  magpie " + verb.Example(),
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return r.run(c)
		},
	}
	f := c.Flags()
	f.SortFlags = false
	for _, p := range verb.Params {
		v := &paramValue{}
		r.values[p.Member] = v
		usage := usageOf(p)
		switch {
		case p.Kind == operation.Bool:
			f.BoolVar(&v.yes, p.Flag, false, usage)
			f.BoolVar(&v.no, "no-"+p.Flag, false, "the opposite")
			c.MarkFlagsMutuallyExclusive(p.Flag, "no-"+p.Flag)
		case p.Kind.IsList():
			f.StringArrayVar(&v.text, p.Flag, nil, usage)
		default:
			// A later value replaces an earlier one; a slice of one says whether there was any.
			f.Var((*lastWord)(&v.text), p.Flag, usage)
		}
		if len(p.Enum) > 0 {
			mustComplete(c, p.Flag, p.Enum)
		}
	}
	f.StringVar(&r.inputJSON, "cli-input-json", "", "the whole input as JSON, or file://PATH; flags win over it")
	if verb.Paged {
		f.BoolVar(&r.noPaginate, "no-paginate", false, "make one call, for one page")
		f.IntVar(&r.maxItems, "max-items", 0, "stop after so many; 0 is all")
		if verb.HasParam("maxResults") {
			f.IntVar(&r.pageSize, "page-size", 0, "ask for so many a call")
		}
		f.StringVar(&r.startingToken, "starting-token", "", "the nextToken of an answer that --max-items cut short")
	}
	r.output.bind(c)
	r.target.bind(c)
	return c
}

func usageOf(p operation.Param) string {
	var words string
	switch p.Kind {
	case operation.Bool:
		words = "yes"
	case operation.Integer:
		words = "number"
	case operation.StringList:
		words = "values, separated by spaces"
	case operation.StructureList:
		words = "structures: JSON, or name=value,… separated by spaces"
	case operation.Structure:
		words = "structure: JSON, or name=value,…"
	case operation.Map:
		words = "map: JSON, or key=value,…"
	default:
		words = "text"
	}
	if len(p.Enum) > 0 && len(p.Enum) <= 8 {
		words = "one of " + strings.Join(p.Enum, ", ")
		if p.Kind.IsList() {
			words = "any of " + strings.Join(p.Enum, ", ") + ", separated by spaces"
		}
	}
	if p.Required {
		words += " (required)"
	}
	return words
}

// lastWord is a flag's value that remembers whether there was one.
type lastWord []string

func (w *lastWord) Set(s string) error { *w = []string{s}; return nil }
func (w *lastWord) Type() string       { return "string" }
func (w *lastWord) String() string     { return strings.Join(*w, "") }

func (r *operationRun) run(c *cobra.Command) error {
	if err := r.output.check(c.OutOrStdout()); err != nil {
		return err
	}
	in, err := r.input(c)
	if err != nil {
		return withCode(ExitRefused, err)
	}
	cfg, err := r.target.load(c.Context(), 1)
	if err != nil {
		return err
	}
	client := r.target.macie(cfg)
	if r.changes() {
		r.target.sayAWS(c, cfg, client)
	}
	var answer map[string]any
	// As with the AWS CLI, asking for a page by its own parameters turns the following of pages off.
	_, hasToken := in["nextToken"]
	_, hasSize := in["maxResults"]
	if r.verb.Paged && !r.noPaginate && (r.startingToken != "" || !hasToken) && (r.pageSize != 0 || !hasSize) {
		answer, err = r.verb.CallPages(c.Context(), client, in, r.maxItems)
	} else {
		answer, err = r.verb.Call(c.Context(), client, in)
	}
	var form *operation.FormError
	switch {
	case errors.As(err, &form):
		return withCode(ExitRefused, form)
	case err != nil && errors.Is(c.Context().Err(), context.Canceled):
		return withCode(ExitInterrupted, errors.New("interrupted"))
	case err != nil:
		return serviceError(r.verb.Operation, cfg.Region, err)
	}
	return r.output.write(c.OutOrStdout(), answer)
}

// changes reports whether the operation may change something.
func (r *operationRun) changes() bool {
	for _, prefix := range []string{"get-", "list-", "describe-", "batch-get-", "search-", "test-"} {
		if strings.HasPrefix(r.verb.Name, prefix) {
			return false
		}
	}
	return true
}

// input puts the operation's input together, and names all that is missing.
func (r *operationRun) input(c *cobra.Command) (map[string]any, error) {
	in := map[string]any{}
	if r.inputJSON != "" {
		text := []byte(r.inputJSON)
		if path, ok := strings.CutPrefix(r.inputJSON, "file://"); ok {
			var err error
			if text, err = os.ReadFile(path); err != nil {
				return nil, fmt.Errorf("--cli-input-json: %w", err)
			}
		}
		if err := json.Unmarshal(text, &in); err != nil {
			return nil, fmt.Errorf("--cli-input-json: not a JSON object: %w", err)
		}
	}
	var missing []string
	for _, p := range r.verb.Params {
		v := r.values[p.Member]
		switch {
		case p.Kind == operation.Bool && c.Flags().Changed(p.Flag):
			in[p.Member] = v.yes
		case p.Kind == operation.Bool && c.Flags().Changed("no-"+p.Flag):
			in[p.Member] = !v.no
		case len(v.text) > 0:
			value, err := p.Parse(v.text)
			if err != nil {
				return nil, err
			}
			if p.Enum != nil {
				if err := checkEnum(p, value); err != nil {
					return nil, err
				}
			}
			in[p.Member] = value
		}
		if p.Required && in[p.Member] == nil {
			missing = append(missing, "--"+p.Flag)
		}
	}
	if missing != nil {
		return nil, fmt.Errorf("the following flags are required: %s\nfor example: magpie %s", strings.Join(missing, ", "), r.verb.Example())
	}
	if r.startingToken != "" {
		in["nextToken"] = r.startingToken
	}
	if r.pageSize != 0 {
		in["maxResults"] = float64(r.pageSize)
	}
	return in, nil
}

func checkEnum(p operation.Param, value any) error {
	words, ok := value.([]any)
	if !ok {
		words = []any{value}
	}
	for _, word := range words {
		if text, ok := word.(string); ok && !slices.Contains(p.Enum, text) {
			return fmt.Errorf("--%s: %q is none of %s", p.Flag, text, strings.Join(p.Enum, ", "))
		}
	}
	return nil
}

// Arguments rewrites the arguments of an operation verb so that a flag that takes a list takes all words up to the next flag, as the AWS CLI
// has it: --account-ids 1 2 becomes --account-ids=1 --account-ids=2. Other command lines stay as they are.
func Arguments(args []string) []string {
	if len(args) == 0 {
		return args
	}
	verb := operation.Named(args[0])
	if verb == nil {
		return args
	}
	lists := map[string]bool{}
	for _, p := range verb.Params {
		lists["--"+p.Flag] = p.Kind.IsList()
	}
	out := []string{args[0]}
	for i := 1; i < len(args); i++ {
		if args[i] == "--" {
			return append(out, args[i:]...)
		}
		if !lists[args[i]] {
			out = append(out, args[i])
			continue
		}
		flag := args[i]
		if i+1 == len(args) || strings.HasPrefix(args[i+1], "--") {
			out = append(out, flag) // without a value, which is then said
			continue
		}
		for i+1 < len(args) && !strings.HasPrefix(args[i+1], "--") {
			i++
			out = append(out, flag+"="+args[i])
		}
	}
	return out
}
