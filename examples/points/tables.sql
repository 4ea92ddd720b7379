-- The group's own tables; `npm run setup` adds eventtrail_inbox, which `context.once` needs.
CREATE TABLE customers (
  id uuid PRIMARY KEY,
  -- Whoever spends points has earned them before: the events of a customer must be handled in their order.
  points integer NOT NULL DEFAULT 0 CHECK (points >= 0)
);
CREATE TABLE page_views (page text PRIMARY KEY, views bigint NOT NULL);
