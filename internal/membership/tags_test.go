package membership

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"magpie/internal/macie2"
	"magpie/internal/resource"
)

func TestTags(t *testing.T) {
	each(t, func(t *testing.T, d *deployment) {
		kinds := d.sessions.TagKinds()
		maps.Copy(kinds, d.Service.TagKinds())
		tags := resource.NewService(d.db, kinds)
		const member, session = "arn:aws:macie2:us-east-1:111122223333:member/444455556666", "arn:aws:macie2:us-east-1:111122223333:"
		list := func(account macie2.AccountID, arn string) (map[string]string, string) {
			out, err := tags.ListTagsForResource(t.Context(), d.call(account), &macie2.ListTagsForResourceInput{ResourceArn: &arn})
			if err != nil {
				return nil, answer(err)
			}
			return out.Tags, "ok"
		}
		tag := func(account macie2.AccountID, arn string, with map[string]string) string {
			_, err := tags.TagResource(t.Context(), d.call(account), &macie2.TagResourceInput{ResourceArn: &arn, Tags: with})
			return answer(err)
		}
		untag := func(arn string, keys ...string) string {
			_, err := tags.UntagResource(t.Context(), d.call(alice), &macie2.UntagResourceInput{ResourceArn: &arn, TagKeys: keys})
			return answer(err)
		}
		has := func(what, arn string, want map[string]string) {
			t.Helper()
			got, a := list(alice, arn)
			if a != "ok" || got == nil || !maps.Equal(got, want) {
				t.Errorf("%s: the tags are %v (%s), want %v", what, got, a, want)
			}
		}
		notThere := "ResourceNotFoundException: The request failed because the specified resource doesn't exist."

		answers(t, "before Macie is enabled", tag(alice, member, map[string]string{"a": "1"}), "AccessDeniedException: "+specNotEnabled)
		d.must(d.enable(alice, bob))
		for _, arn := range []string{member, session + "member/1", session + "job/1", strings.Replace(member, "us-east-1", "eu-west-1", 1),
			strings.Replace(member, string(alice), string(bob), 1)} {
			_, a := list(alice, arn)
			answers(t, "listing "+arn, a, notThere)
			answers(t, "tagging "+arn, tag(alice, arn, map[string]string{"a": "1"}), notThere)
			answers(t, "untagging "+arn, untag(arn, "a"), notThere)
		}
		for _, arn := range []string{"", "x", "arn:aws:s3:us-east-1:111122223333:member/444455556666", "arn:aws-cn:macie2:us-east-1:111122223333:member/1",
			session + "member", session + "member/", "arn:aws:macie2:us-east-1:1111:member/444455556666"} {
			if _, a := list(alice, arn); !strings.HasPrefix(a, "ValidationException: resourceArn: ") {
				t.Errorf("the ARN %q: %s", arn, a)
			}
		}

		d.must(d.add(alice, bob))
		before := d.status(alice, bob)
		has("none", member, map[string]string{})
		answers(t, "tagging", tag(alice, member, map[string]string{"a": "1", "b": ""}), "ok")
		answers(t, "changing one and adding one", tag(alice, member, map[string]string{"a": "2", "größe c": "x=1/2 @:+-_."}), "ok")
		answers(t, "untagging, and what is not there", untag(member, "b", "z"), "ok")
		has("then", member, map[string]string{"a": "2", "größe c": "x=1/2 @:+-_."})
		m, err := d.GetMember(t.Context(), d.call(alice), &macie2.GetMemberInput{Id: macie2.Ptr(string(bob))})
		if err != nil || !maps.Equal(m.Tags, map[string]string{"a": "2", "größe c": "x=1/2 @:+-_."}) || string(*m.RelationshipStatus) != before {
			t.Errorf("the member is %+v, %v", m, err)
		}
		_, a := list(bob, member)
		answers(t, "by the member itself", a, notThere)

		for what, with := range map[string]map[string]string{
			"an empty key": {"": "1"}, "a reserved key": {"AWS:a": "1"}, "a long key": {strings.Repeat("k", 129): "1"},
			"a long value": {"a": strings.Repeat("v", 257)}, "a key with a bracket": {"a<": "1"}, "a value with a line break": {"a": "1\n"},
		} {
			if a := tag(alice, member, with); !strings.HasPrefix(a, "ValidationException: tags: ") {
				t.Errorf("%s: %s", what, a)
			}
		}
		for what, with := range map[string]map[string]string{
			"two cases": {"Team": "1", "team": "2"}, "three": {"x": "1", "PROTECTED": "1", "Protected": "2"}, "a case of what is there": {"A": "1"},
			"a long s": {"stage": "1", "ſtage": "2"},
		} {
			if a := tag(alice, member, with); !strings.HasPrefix(a, "ValidationException: tags: ") || !strings.HasSuffix(a, " differ in letter case alone") {
				t.Errorf("%s: %s", what, a)
			}
		}
		fifty := make(map[string]string)
		for i := range 50 {
			fifty[fmt.Sprint(i)] = "1"
		}
		answers(t, "fifty beside two", tag(alice, member, fifty), invalid("tags: a resource can have at most 50 tags"))
		answers(t, "none to remove", untag(member), invalid("tagKeys: there must be 1 to 50 keys"))
		answers(t, "removing both", untag(member, "a", "größe c"), "ok")
		answers(t, "fifty", tag(alice, member, fifty), "ok")
		has("fifty", member, fifty)

		answers(t, "the session", tag(alice, session, map[string]string{"s": "1"}), "ok")
		has("the session", session, map[string]string{"s": "1"})
		d.must(d.delete(alice, bob))
		_, a = list(alice, member)
		answers(t, "a member that was deleted", a, notThere)
		d.must(d.add(alice, bob))
		has("one that was added anew", member, map[string]string{})
	})
}
