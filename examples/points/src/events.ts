// Made by `eventtrail schemas generate` from the schemas: change those and run it again.
// biome-ignore-all format: generated
/* eslint-disable */
import { type Catalogue, catalogueOf } from 'eventtrail/schemas'

/** A visitor looked at a page. */
export interface PageViewed {
  /** The visit; also the aggregate of the event. */
  readonly visit_id: string
  /** Path of the page. */
  readonly page: string
}

/** A customer earned or spent points. */
export interface PointsChanged {
  /** The customer; also the aggregate of the event. */
  readonly customer_id: string
  /** Points that were earned; below zero: spent. */
  readonly change: number
}

/** Event name → what it carries: `payload` as it is read, `input` as it is published. */
export type Events = {
  readonly 'page.viewed': { readonly payload: PageViewed; readonly input: PageViewed }
  readonly 'points.changed': { readonly payload: PointsChanged; readonly input: PointsChanged }
}

/** The events above with their schemas. */
export const catalogue: Catalogue<Events> = catalogueOf<Events>({
  'page.viewed': [
    JSON.parse(`{
  "type": "record",
  "name": "PageViewed",
  "doc": "A visitor looked at a page.",
  "fields": [
    {"name":"visit_id","type":{"type":"string","logicalType":"uuid"},"doc":"The visit; also the aggregate of the event."},
    {"name":"page","type":"string","doc":"Path of the page."}
  ]
}`)
  ],
  'points.changed': [
    JSON.parse(`{
  "type": "record",
  "name": "PointsChanged",
  "doc": "A customer earned or spent points.",
  "fields": [
    {"name":"customer_id","type":{"type":"string","logicalType":"uuid"},"doc":"The customer; also the aggregate of the event."},
    {"name":"change","type":"int","doc":"Points that were earned; below zero: spent."}
  ]
}`)
  ]
})
