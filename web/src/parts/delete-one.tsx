// The button that deletes the chosen row, after asking.
import Button from "@cloudscape-design/components/button";
import { type ReactNode, useState } from "react";
import { fill, t } from "../text";
import { Confirm, type Question } from "./confirm";
import { useAct } from "./problem";

interface Props {
  name: string | undefined; // of what is chosen; undefined: nothing is
  body: ReactNode;
  act: () => Promise<unknown>;
  done: () => void;
}

export function DeleteOne({ name, body, act: remove, done }: Props) {
  const { act } = useAct();
  const [question, setQuestion] = useState<Question | null>(null);
  const ask = (name: string) =>
    setQuestion({
      title: fill(t.common.deleteName, { name }),
      yes: t.common.delete,
      body,
      act: async () => {
        if (await act("delete", remove, fill(t.common.nameIsDeleted, { name }))) done();
      },
    });
  return (
    <>
      <Button disabled={name === undefined} onClick={() => ask(name!)}>{t.common.delete}</Button>
      <Confirm question={question} close={() => setQuestion(null)} />
    </>
  );
}
