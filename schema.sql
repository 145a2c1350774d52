-- The schema of the database, written by bellows dump. Do not edit it: write a migration, and dump again.
-- provider: catalogue; grants: no
-- run in flight: 20240102150000_split_user_name (gated); what it adds for itself is left out
-- run in flight: 20240201100000_rename_order_status (gated); what it adds for itself is left out
-- run in flight: 20240203100000_require_user_locale (gated); what it adds for itself is left out
-- run in flight: 20240205100000_move_user_access (gated); what it adds for itself is left out

SET statement_timeout = 0;
SET lock_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET default_tablespace = '';
SET default_table_access_method = heap;

CREATE SEQUENCE public.orders_id_seq;

CREATE SEQUENCE public.users_id_seq;

CREATE TABLE public.orders (
    id bigint DEFAULT nextval('public.orders_id_seq'::regclass) NOT NULL,
    user_id bigint NOT NULL,
    old_status character varying(20) DEFAULT 'pending'::character varying NOT NULL,
    total numeric(12,2) NOT NULL,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    status character varying(20) DEFAULT 'pending'::character varying
);

CREATE TABLE public.user_access (
    user_id bigint NOT NULL,
    role_id bigint,
    is_active boolean DEFAULT true NOT NULL
);

CREATE TABLE public.users (
    id bigint DEFAULT nextval('public.users_id_seq'::regclass) NOT NULL,
    email character varying(255) NOT NULL,
    username character varying(100) NOT NULL,
    full_name character varying(255) NOT NULL,
    role_id bigint,
    is_active boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    updated_at timestamp with time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    locale character varying(10),
    first_name character varying(100),
    last_name character varying(100)
);

ALTER SEQUENCE public.orders_id_seq OWNED BY public.orders.id;

ALTER SEQUENCE public.users_id_seq OWNED BY public.users.id;

ALTER TABLE ONLY public.orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.user_access ADD CONSTRAINT user_access_pkey PRIMARY KEY (user_id);

ALTER TABLE ONLY public.users ADD CONSTRAINT users_email_key UNIQUE (email);

ALTER TABLE ONLY public.users ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE INDEX idx_users_first_name ON public.users USING btree (first_name);

CREATE INDEX idx_users_last_name ON public.users USING btree (last_name);

ALTER TABLE ONLY public.orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id);
