package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/spf13/cobra"

	"magpie/internal/macie2"
	"magpie/internal/queue"
	"magpie/internal/store"
)

func (v verbs) queue() *cobra.Command {
	c := &cobra.Command{
		Use:   "queue",
		Short: "See to background tasks that were given up",
		Long: `See to background tasks. One that fails is tried again, for two days or a dozen times, as its kind has it; one that fails all the
same, or whose outcome cannot be recorded, is given up: it is kept, counted in the metric magpie_queue_tasks as failed, and waits for
these commands. Try it again when what it failed on is mended, or discard it.`,
		Args: cobra.NoArgs,
	}
	c.AddCommand(v.queueList(), v.queueShow(), v.queueRetry(), v.queueDiscard())
	return c
}

// withQueue opens the queue for as long as fn runs. It does no tasks.
func withQueue(c *cobra.Command, l *location, fn func(ctx context.Context, db *store.DB, q *queue.Queue) error) error {
	return withStore(c, l, func(ctx context.Context, db *store.DB) error {
		return fn(ctx, db, queue.Open(db, queue.Options{Logger: slog.New(slog.DiscardHandler)}))
	})
}

// taskJSON is a task as --output json shows it.
type taskJSON struct {
	Kind      string           `json:"kind"`
	Key       string           `json:"key"`
	State     string           `json:"state"`
	Account   macie2.AccountID `json:"accountId,omitempty"`
	Group     string           `json:"group,omitempty"`
	Closed    string           `json:"groupStatus,omitempty"`
	Attempts  int              `json:"failedAttempts"`
	Reason    string           `json:"reason,omitempty"`
	Queued    string           `json:"queuedAt"`
	Started   string           `json:"startedAt,omitempty"`
	Due       string           `json:"dueAt"`
	Worker    string           `json:"worker,omitempty"`
	Parameter json.RawMessage  `json:"parameters,omitempty"`
}

func taskOf(r queue.Row) taskJSON {
	return taskJSON{Kind: r.Kind, Key: r.Key, State: r.State, Account: macie2.AccountID(r.Tenant), Group: r.Group, Closed: r.Closed,
		Attempts: r.Attempt, Reason: r.Reason, Queued: timestamp(r.EnqueuedAt), Started: timestamp(r.StartedAt), Due: timestamp(r.RunAt),
		Worker: r.Worker}
}

func (v verbs) queueList() *cobra.Command {
	var l location
	var f format
	var state, account string
	var filter queue.Filter
	c := &cobra.Command{
		Use:   "list",
		Short: "List tasks that were given up, or all of a state",
		Long: `List tasks that were given up, the oldest of each kind first. --state ready lists those that wait, now or for their next try,
--state held those that a server or worker works on.`,
		Example: "  magpie queue list\n  magpie queue list --state held --account 111122223333",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch state {
			case "all":
			case "failed", "ready", "held":
				filter.State = state
			default:
				return fmt.Errorf("--state %q: it is one of failed, ready, held and all", state)
			}
			if filter.Limit < 1 || filter.Limit > 100_000 {
				return errors.New("--limit must be from 1 to 100000")
			}
			if account != "" {
				id, err := accountID(account)
				if err != nil {
					return fmt.Errorf("--account %w", err)
				}
				filter.Tenant = string(id)
			}
			return withQueue(c, &l, func(ctx context.Context, _ *store.DB, q *queue.Queue) error {
				asked := filter
				asked.Limit++
				list, err := q.List(ctx, asked)
				if err != nil {
					return err
				}
				if len(list) > filter.Limit {
					list = list[:filter.Limit]
					fmt.Fprintf(c.ErrOrStderr(), "there are more than these %d: see more with --limit\n", filter.Limit)
				}
				out := []taskJSON{}
				rows := [][]string{{"KIND", "KEY", "STATE", "ACCOUNT", "FAILED", "QUEUED", "DUE", "REASON"}}
				for _, r := range list {
					task := taskOf(r)
					out = append(out, task)
					shown := task.State
					if task.Closed != "" {
						shown += ", " + task.Closed
					}
					rows = append(rows, []string{task.Kind, task.Key, shown, string(task.Account), strconv.Itoa(task.Attempts), task.Queued, task.Due, task.Reason})
				}
				return f.show(c, map[string]any{"tasks": out}, rows)
			})
		},
	}
	c.Flags().StringVar(&state, "state", "failed", "which to list: failed, ready, held or all")
	c.Flags().StringVar(&filter.Kind, "kind", "", "only tasks of this kind")
	c.Flags().StringVar(&account, "account", "", "only long tasks of this account")
	c.Flags().StringVar(&filter.Group, "group", "", "only tasks of this group, such as a run of a job")
	c.Flags().IntVar(&filter.Limit, "limit", 100, "list so many at most")
	l.flags(c)
	f.flags(c)
	return c
}

func (v verbs) queueShow() *cobra.Command {
	var l location
	c := &cobra.Command{
		Use:   "show KIND KEY",
		Short: "Show a task, with its parameters",
		Long:  `Show a task as JSON, with its parameters. Those of a mail have the recipient's address and the invitation's message.`,
		Args:  cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			return withQueue(c, &l, func(ctx context.Context, _ *store.DB, q *queue.Queue) error {
				r, err := q.Show(ctx, args[0], args[1])
				if err != nil {
					return err
				}
				task := taskOf(r)
				task.Parameter = r.Payload
				return showJSON(c, task)
			})
		},
	}
	l.flags(c)
	return c
}

// some checks that a verb that changes tasks names them, or says that it means all.
func some(args []string, all bool) (kind string, keys []string, err error) {
	kind, keys = args[0], args[1:]
	switch {
	case len(keys) == 0 && !all:
		return "", nil, errors.New("name the tasks' keys, or give --all")
	case len(keys) > 0 && all:
		return "", nil, errors.New("--all takes no keys")
	}
	return kind, keys, nil
}

func (v verbs) queueRetry() *cobra.Command {
	return v.queueChange("retry", "Try tasks again that were given up", `Try tasks again that were given up, with as many attempts as new ones. A server or worker
takes them up within a second.`, "%d of them will be tried again\n", (*queue.Queue).Retry)
}

func (v verbs) queueDiscard() *cobra.Command {
	return v.queueChange("discard", "Delete tasks that were given up", `Delete tasks that were given up. What they should have done is not done.`,
		"%d of them are deleted\n", (*queue.Queue).Discard)
}

// queueChange makes a verb that changes tasks which were given up.
func (v verbs) queueChange(verb, short, long, said string,
	change func(q *queue.Queue, ctx context.Context, tx *store.Tx, kind string, keys ...string) (int64, error)) *cobra.Command {
	var l location
	var all bool
	c := &cobra.Command{
		Use:     verb + " KIND (KEY… | --all)",
		Short:   short,
		Long:    long,
		Example: "  magpie queue " + verb + " organization.enroll --all",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			kind, keys, err := some(args, all)
			if err != nil {
				return err
			}
			return withQueue(c, &l, func(ctx context.Context, db *store.DB, q *queue.Queue) error {
				var n int64
				err := db.Tx(ctx, "queue "+kind, func(tx *store.Tx) (err error) {
					n, err = change(q, ctx, tx, kind, keys...)
					return err
				})
				if err != nil {
					return err
				}
				if n > 0 {
					fmt.Fprintf(c.ErrOrStderr(), said, n)
				}
				switch missing := int64(len(keys)) - n; {
				case all && n == 0:
					return fmt.Errorf("no task of the kind %q was given up; see which were with: magpie queue list", kind)
				case !all && missing > 0:
					return fmt.Errorf("%d of the tasks were not given up, or are not there; see which were with: magpie queue list --kind %s", missing, kind)
				}
				return nil
			})
		},
	}
	c.Flags().BoolVar(&all, "all", false, "all tasks of the kind that were given up")
	l.flags(c)
	return c
}
