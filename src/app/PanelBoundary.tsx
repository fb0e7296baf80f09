// Keeps a fault in one panel from taking the page down: the panel says what happened and can be shown again.
import { Component, type ReactNode } from "react";
import { describeError } from "@/lib/errors";
import { Button } from "@/ui/Button";
import { Message } from "@/ui/Message";

interface PanelBoundaryProps {
  readonly title: string;
  readonly children: ReactNode;
}

/** Catches render errors of its children. */
export class PanelBoundary extends Component<PanelBoundaryProps, { readonly error: unknown }> {
  override state: { readonly error: unknown } = { error: null };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === null) return this.props.children;
    return (
      <Message tone="bad">
        <p>{`${this.props.title} could not be drawn. ${describeError(this.state.error).message}`}</p>
        <div>
          <Button label="Show again" onPress={() => this.setState({ error: null })} />
        </div>
      </Message>
    );
  }
}
